import { describe, expect, it } from "vitest";

import { asSchema, choicesOf, effective, initialValue, kindOf, lacks, type Schema } from "./json-schema";

const root: Schema = {
  type: "object",
  required: ["name", "size", "filter"],
  properties: {
    name: { type: "string", minLength: 2 },
    size: { type: "integer", minimum: 1, default: 3 },
    mode: { oneOf: [{ const: "a", title: "First" }, { const: "b" }] },
    limit: { anyOf: [{ type: "number" }, { type: "null" }] },
    filter: { $ref: "#/$defs/Filter" },
    tags: { type: "array", items: { enum: ["x", "y"] } },
    either: { oneOf: [{ type: "string" }, { type: "object", properties: { id: { type: "number" } } }] },
    free: { type: "object" },
  },
  $defs: { Filter: { type: "object", required: ["key"], properties: { key: { type: "string" }, deep: { $ref: "#/$defs/Filter" } } } },
};

const property = (name: string) => effective(root.properties?.[name] ?? {}, root);

describe("kinds of fields", () => {
  it.each([
    ["name", "text"],
    ["size", "number"],
    ["mode", "choice"],
    ["limit", "number"],
    ["filter", "object"],
    ["tags", "choices"],
    ["either", "variants"],
    ["free", "json"],
  ])("%s is a %s", (name, kind) => {
    expect(kindOf(property(name), root)).toBe(kind);
  });

  it("ends where a schema goes on for ever", () => {
    expect(kindOf(property("filter"), root, 6)).toBe("json");
  });

  it("gives choices their titles", () => {
    expect(choicesOf(property("mode"), root)).toEqual([
      { value: "a", label: "First" },
      { value: "b", label: "b" },
    ]);
  });
});

describe("values", () => {
  it("begin with defaults and what is required", () => {
    expect(initialValue(root, root)).toEqual({ size: 3, filter: {} });
  });

  it("are checked before they are sent", () => {
    expect(lacks({ name: "a", size: 0, filter: {} }, root, root)).toEqual([
      { path: "/name", problem: "length" },
      { path: "/size", problem: "range" },
      { path: "/filter/key", problem: "required" },
    ]);
    expect(lacks({ name: "ab", size: 1, filter: { key: "k" } }, root, root)).toEqual([]);
  });

  it("are anything where there is no schema", () => {
    expect(kindOf(asSchema(null), {})).toBe("json");
    expect(lacks({ a: 1 }, true, {})).toEqual([]);
  });
});
