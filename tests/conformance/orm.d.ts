// The types of `orm.mjs`.
import type { AnyColumn } from "the-orm";
import { defineSchema as original } from "the-orm";

export * from "the-orm";

type Ends = {
  one: (target: object, config?: { fields?: (AnyColumn | string)[]; references?: (AnyColumn | string)[]; relationName?: string; optional?: boolean }) => object;
  many: (target: object, config?: { relationName?: string }) => object;
};

export declare function relations(table: object, build: (ends: Ends) => Record<string, object>): object;

export declare function defineSchema<Tables extends Parameters<typeof original>[0]>(
  tables: Tables,
  options?: Parameters<typeof original>[1],
): ReturnType<typeof original<Tables>> & { relations: (build: (r: any) => object) => ReturnType<typeof original<Tables>> };
