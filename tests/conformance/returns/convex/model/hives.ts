import type { Doc, Id } from "../_generated/dataModel";
import type { QueryCtx } from "../_generated/server";

export async function hivesOf(ctx: QueryCtx, keeperId: Id<"keepers">) {
  return await ctx.db
    .query("hives")
    .withIndex("by_keeper", (q) => q.eq("keeperId", keeperId))
    .collect();
}

export async function keeperOrThrow(ctx: QueryCtx, id: Id<"keepers">) {
  const keeper = await ctx.db.get(id);
  if (!keeper) throw new Error("no such keeper");
  return keeper;
}

export function summaryOf(hive: Doc<"hives">) {
  return { id: hive._id, label: hive.label, isSettled: hive.state.kind === "settled", marks: hive.state.kind === "settled" ? hive.state.marks.length : null };
}

export const withKeeper = async (ctx: QueryCtx, hive: Doc<"hives">) => ({ ...hive, keeper: await ctx.db.get(hive.keeperId) });
