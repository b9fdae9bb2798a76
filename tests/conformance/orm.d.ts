// The types of `orm.mjs`: those of the package, and of the forms of relations that no published version has.
import type { AnyColumn } from "the-orm";
import { defineRelations, defineSchema as original } from "the-orm";

export * from "the-orm";

type Tables = Parameters<typeof original>[0];

/** What `relations(users, ({ one, many }) => …)` makes of a table; `one` names the columns, `many` leaves them to the `one` that leads back. */
type Ends = {
  one: (
    target: { id: AnyColumn },
    config: { fields: [AnyColumn, ...AnyColumn[]]; references: [AnyColumn, ...AnyColumn[]]; relationName?: string },
  ) => { readonly kind: "one" };
  many: (target: { id: AnyColumn }, config?: { relationName?: string }) => { readonly kind: "many" };
};

export declare function relations(
  table: { id: AnyColumn },
  build: (ends: Ends) => Record<string, { readonly kind: "one" | "many" }>,
): object;

/** `defineSchema(tables).relations((r) => …)` takes what `defineRelations(tables, (r) => …)` takes. */
export declare function defineSchema<Own extends Tables>(
  tables: Own,
  options?: Parameters<typeof original>[1],
): ReturnType<typeof original<Own>> & {
  relations: (build: NonNullable<Parameters<typeof defineRelations<Own, any>>[1]>) => ReturnType<typeof original<Own>>;
};
