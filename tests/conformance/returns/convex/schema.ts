import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";

export const address = v.object({ street: v.string(), zip: v.optional(v.string()) });

export default defineSchema({
  keepers: defineTable({
    name: v.string(),
    address: v.optional(address),
    languages: v.array(v.string()),
    role: v.union(v.literal("head"), v.literal("helper")),
    hours: v.record(v.string(), v.number()),
  }).index("by_name", ["name"]),
  hives: defineTable({
    keeperId: v.id("keepers"),
    label: v.string(),
    state: v.union(
      v.object({ kind: v.literal("empty") }),
      v.object({ kind: v.literal("settled"), queenBornAt: v.number(), marks: v.array(v.string()) }),
    ),
    photo: v.optional(v.bytes()),
    total: v.int64(),
    notes: v.optional(v.any()),
  })
    .index("by_keeper", ["keeperId"])
    .searchIndex("search_label", { searchField: "label", filterFields: ["keeperId"] }),
  readings: defineTable(
    v.union(
      v.object({ kind: v.literal("weight"), hiveId: v.id("hives"), grams: v.number() }),
      v.object({ kind: v.literal("sound"), hiveId: v.id("hives"), hertz: v.number(), isLoud: v.boolean() }),
    ),
  ).index("by_hive", ["hiveId"]),
});
