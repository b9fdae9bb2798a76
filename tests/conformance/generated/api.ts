// What `convex codegen` would write, without the types of the functions.
import { anyApi } from "convex/server";

export const api: any = anyApi;
export const internal: any = anyApi;
