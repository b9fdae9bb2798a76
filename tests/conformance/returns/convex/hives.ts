// Documents, lists, pages and what is made of them.
import { paginationOptsValidator } from "convex/server";
import { v } from "convex/values";
import { internal } from "./_generated/api";
import { internalQuery, mutation, query } from "./_generated/server";
import { hivesOf, keeperOrThrow, summaryOf, withKeeper } from "./model/hives";

export const byId = query({ args: { id: v.id("hives") }, handler: async (ctx, { id }) => await ctx.db.get(id) });

export const existing = query({
  args: { id: v.id("hives") },
  handler: async (ctx, args) => {
    const hive = await ctx.db.get("hives", args.id);
    if (hive === null) throw new Error("no such hive");
    return hive;
  },
});

export const all = query({ args: {}, handler: (ctx) => ctx.db.query("hives").collect() });

export const newest = query({ args: {}, handler: async (ctx) => ctx.db.query("hives").order("desc").first() });

export const named = query({
  args: { name: v.string() },
  handler: async (ctx, args) => {
    return await ctx.db
      .query("keepers")
      .withIndex("by_name", (q) => q.eq("name", args.name))
      .unique();
  },
});

export const page = query({
  args: { paginationOpts: paginationOptsValidator },
  handler: async (ctx, args) => await ctx.db.query("hives").paginate(args.paginationOpts),
});

export const pageOfLabels = query({
  args: { paginationOpts: paginationOptsValidator },
  handler: async (ctx, args) => {
    const result = await ctx.db.query("hives").order("desc").paginate(args.paginationOpts);
    return { ...result, page: result.page.map((hive) => ({ id: hive._id, label: hive.label })) };
  },
});

export const found = query({
  args: { text: v.string(), keeperId: v.id("keepers") },
  handler: async (ctx, args) =>
    await ctx.db
      .query("hives")
      .withSearchIndex("search_label", (q) => q.search("label", args.text).eq("keeperId", args.keeperId))
      .take(5),
});

export const summaries = query({
  args: { keeperId: v.id("keepers") },
  handler: async (ctx, args) => {
    const hives = await hivesOf(ctx, args.keeperId);
    return hives.map(summaryOf);
  },
});

export const ofKeeper = query({
  args: { keeperId: v.id("keepers") },
  handler: async (ctx, args) => {
    const [keeper, hives] = await Promise.all([keeperOrThrow(ctx, args.keeperId), hivesOf(ctx, args.keeperId)]);
    return { keeper, count: hives.length, settled: hives.filter((hive) => hive.state.kind === "settled").map((hive) => hive._id) };
  },
});

export const withKeepers = query({
  args: {},
  handler: async (ctx) => {
    const hives = await ctx.db.query("hives").take(10);
    return await Promise.all(hives.map((hive) => withKeeper(ctx, hive)));
  },
});

export const withoutPhoto = query({
  args: { id: v.id("hives") },
  handler: async (ctx, args) => {
    const hive = await ctx.db.get(args.id);
    if (!hive) return null;
    const { photo, notes, ...rest } = hive;
    return { ...rest, hasPhoto: photo !== undefined, hasNotes: !!notes };
  },
});

export const readings = query({
  args: { hiveId: v.id("hives") },
  handler: async (ctx, args) =>
    await ctx.db
      .query("readings")
      .withIndex("by_hive", (q) => q.eq("hiveId", args.hiveId))
      .order("desc")
      .take(20),
});

export const state = query({
  args: { id: v.id("hives") },
  handler: async (ctx, args) => {
    const hive = await ctx.db.get(args.id);
    if (!hive) return { found: false as const, why: "none" };
    if (hive.state.kind === "empty") return { found: true as const, state: "empty" as const };
    return { found: true as const, state: "settled" as const, queenBornAt: hive.state.queenBornAt, marks: hive.state.marks };
  },
});

export const inner = internalQuery({
  args: { keeperId: v.id("keepers") },
  handler: async (ctx, args) => {
    const hives = await hivesOf(ctx, args.keeperId);
    return hives.map((hive) => hive.label);
  },
});

export const outer = query({
  args: { keeperId: v.id("keepers") },
  handler: async (ctx, args) => {
    const labels: string[] = await ctx.runQuery(internal.hives.inner, { keeperId: args.keeperId });
    return { labels, first: labels[0] ?? null };
  },
});

export const relayed = query({
  args: { keeperId: v.id("keepers") },
  handler: async (ctx, args): Promise<string[]> => ctx.runQuery(internal.hives.inner, { keeperId: args.keeperId }),
});

export const counts = query({
  args: {},
  handler: async (ctx) => {
    const counts: Record<string, number> = {};
    for (const hive of await ctx.db.query("hives").collect()) counts[hive.state.kind] = (counts[hive.state.kind] ?? 0) + 1;
    return counts;
  },
});

export const total = query({
  args: {},
  handler: async (ctx) => {
    let total = 0n;
    for await (const hive of ctx.db.query("hives")) total += hive.total;
    return total;
  },
});

export const photo = query({ args: { id: v.id("hives") }, handler: async (ctx, args) => (await ctx.db.get(args.id))?.photo ?? null });

export const grouped = query({
  args: {},
  handler: async (ctx) => {
    const keepers = await ctx.db.query("keepers").collect();
    const groups = [];
    for (const keeper of keepers) groups.push({ name: keeper.name, address: keeper.address, hives: await hivesOf(ctx, keeper._id) });
    return groups;
  },
});

export const add = mutation({
  args: { keeperId: v.id("keepers"), label: v.string() },
  handler: async (ctx, args) => await ctx.db.insert("hives", { ...args, state: { kind: "empty" }, total: 0n }),
});

export const rename = mutation({
  args: { id: v.id("hives"), label: v.string() },
  handler: async (ctx, args) => {
    await ctx.db.patch(args.id, { label: args.label });
  },
});

export const settle = mutation({
  args: { id: v.id("hives"), at: v.number() },
  handler: async (ctx, args) => {
    const hive = await ctx.db.get(args.id);
    if (!hive) return { ok: false, error: "no such hive" };
    if (hive.state.kind === "settled") return { ok: false, error: "there is a queen already", since: hive.state.queenBornAt };
    await ctx.db.patch(hive._id, { state: { kind: "settled", queenBornAt: args.at, marks: ["blue"] } });
    return { ok: true, hive: await ctx.db.get(hive._id) };
  },
});

export const remove = mutation({
  args: { id: v.id("hives") },
  handler: async (ctx, args) => {
    if (!(await ctx.db.get(args.id))) return null;
    await ctx.db.delete(args.id);
    return args.id;
  },
});
