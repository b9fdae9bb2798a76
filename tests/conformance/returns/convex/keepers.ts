// Values, arguments that come back, unions, actions, and builders of one's own.
import { customCtx, customMutation, customQuery } from "convex-helpers/server/customFunctions";
import { v } from "convex/values";
import { api, internal } from "./_generated/api";
import type { Doc, Id } from "./_generated/dataModel";
import { action, internalAction, internalMutation, mutation, query } from "./_generated/server";
import { address } from "./schema";

const countedQuery = customQuery(query, customCtx(async (ctx) => ({ keepers: (await ctx.db.query("keepers").collect()).length })));
const namedMutation = customMutation(mutation, { args: { by: v.string() }, input: async (_ctx, { by }) => ({ ctx: { by }, args: {} }) });

export const seed = internalMutation({
  args: {},
  handler: async (ctx) => {
    const ada = await ctx.db.insert("keepers", { name: "Ada", address: { street: "Elm" }, languages: ["en", "fr"], role: "head", hours: { mon: 2 } });
    const bo = await ctx.db.insert("keepers", { name: "Bo", languages: [], role: "helper", hours: {} });
    const settled = { kind: "settled" as const, queenBornAt: 5, marks: ["red"] };
    const first = await ctx.db.insert("hives", { keeperId: ada, label: "north one", state: settled, total: 3n, photo: new ArrayBuffer(2), notes: { a: [1] } });
    const second = await ctx.db.insert("hives", { keeperId: ada, label: "north two", state: { kind: "empty" }, total: 0n });
    const gone = await ctx.db.insert("hives", { keeperId: bo, label: "gone", state: { kind: "empty" }, total: 0n });
    await ctx.db.delete(gone);
    await ctx.db.insert("readings", { kind: "weight", hiveId: first, grams: 1200 });
    await ctx.db.insert("readings", { kind: "sound", hiveId: first, hertz: 240, isLoud: true });
    return { keepers: { ada, bo }, hives: { first, second, gone } };
  },
});

export const addressOf = query({
  args: { id: v.id("keepers") },
  handler: async (ctx, args) => {
    const keeper = await ctx.db.get(args.id);
    return keeper?.address ?? null;
  },
});

export const card = query({
  args: { id: v.id("keepers"), isLong: v.boolean() },
  handler: async (ctx, args) => {
    const keeper = await ctx.db.get(args.id);
    if (!keeper) return null;
    const title = keeper.role === "head" ? "Head" : `Helper of ${keeper.languages.length} languages`;
    return args.isLong ? { title, name: keeper.name, hours: keeper.hours, languages: keeper.languages } : { title, name: keeper.name };
  },
});

export const echoed = query({ args: { text: v.string(), limit: v.optional(v.number()) }, handler: async (_ctx, args) => args });

export const limit = query({ args: { limit: v.optional(v.number()) }, handler: async (_ctx, { limit = 7 }) => ({ limit, doubled: limit * 2 }) });

export const kind = query({
  args: { n: v.number() },
  handler: async (_ctx, args) => {
    switch (true) {
      case args.n < 0:
        return "negative" as const;
      case args.n === 0:
        return 0;
      default:
        return args.n > 100;
    }
  },
});

export const byName = query({
  args: {},
  handler: async (ctx) => {
    const keepers = await ctx.db.query("keepers").collect();
    return Object.fromEntries(keepers.map((keeper) => [keeper.name, keeper._id]));
  },
});

export const annotated = query({
  args: {},
  handler: async (ctx): Promise<{ keeper: Doc<"keepers"> | null; ids: Id<"keepers">[] }> => {
    const keepers = await ctx.db.query("keepers").collect();
    return { keeper: keepers[0] ?? null, ids: keepers.map((keeper) => keeper._id) };
  },
});

export const pairs = query({
  args: {},
  handler: async (ctx) => {
    const keepers = await ctx.db.query("keepers").collect();
    return keepers.flatMap((keeper) => keeper.languages.map((language) => ({ language, keeperId: keeper._id })));
  },
});

export const longest = query({
  args: {},
  handler: async (ctx) => {
    let longest: string | null = null;
    for (const keeper of await ctx.db.query("keepers").collect()) {
      if (longest === null || keeper.name.length > longest.length) longest = keeper.name;
    }
    return longest;
  },
});

export const attempted = query({
  args: { id: v.string() },
  handler: async (ctx, args) => {
    try {
      const id = ctx.db.normalizeId("keepers", args.id);
      if (!id) return { status: "unknown" as const };
      return { status: "known" as const, id };
    } catch (error) {
      return { status: "failed" as const, message: error instanceof Error ? error.message : "?" };
    }
  },
});

export const counted = countedQuery({ args: {}, handler: async (ctx) => ({ keepers: ctx.keepers, many: ctx.keepers > 1 }) });

export const signed = namedMutation({
  args: { id: v.id("keepers") },
  handler: async (ctx, args) => {
    await ctx.db.patch(args.id, { languages: ["de"] });
    return `${ctx.by} did it`;
  },
});

export const move = mutation({
  args: { id: v.id("keepers"), address },
  handler: async (ctx, args) => {
    await ctx.db.patch(args.id, { address: args.address });
    return args.address;
  },
});

export const later = mutation({
  args: { id: v.id("keepers") },
  handler: async (ctx, args) => ctx.scheduler.runAfter(0, internal.keepers.quiet, { id: args.id }),
});

export const quiet = internalAction({ args: { id: v.id("keepers") }, handler: async () => {} });

export const through = action({
  args: { id: v.id("keepers") },
  handler: async (ctx, args) => {
    const card = await ctx.runQuery(api.keepers.card, { id: args.id, isLong: true });
    if (!card) return false;
    await ctx.runMutation(api.keepers.move, { id: args.id, address: { street: card.name } });
    return true;
  },
});

export const stored = action({
  args: {},
  handler: async (ctx) => {
    const id = await ctx.storage.store(new Blob(["honey"]));
    return { id, url: await ctx.storage.getUrl(id) };
  },
});

export const files = query({ args: {}, handler: async (ctx) => await ctx.db.system.query("_storage").collect() });

export const jobs = query({ args: {}, handler: async (ctx) => await ctx.db.system.query("_scheduled_functions").take(5) });
