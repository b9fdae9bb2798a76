// The configuration that Convex documents for its plugin.
import convex from "@convex-dev/eslint-plugin";
import tseslint from "typescript-eslint";

export default [
  { files: ["convex/**/*.ts"], languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },
  ...convex.configs.recommended,
];
