/** JSON Schema as far as forms are made of it. What is not understood is edited as JSON. */

export type Json = null | boolean | number | string | Json[] | { [member: string]: Json };
export type JsonObject = Record<string, Json>;

export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: Json;
  enum?: Json[];
  enumNames?: string[];
  const?: Json;
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  properties?: Record<string, Schema | boolean>;
  required?: string[];
  items?: Schema | boolean;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  $ref?: string;
  $defs?: Record<string, Schema>;
  definitions?: Record<string, Schema>;
  [member: string]: unknown;
}

export type FieldKind = "choice" | "variants" | "constant" | "boolean" | "number" | "text" | "object" | "list" | "choices" | "json";

/** Deeper than this a form helps nobody; the rest is edited as JSON. */
const DEEPEST = 6;

export function asSchema(value: unknown): Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Schema) : {};
}

/** The schema with its reference followed and its parts put together. */
export function resolved(schema: Schema | boolean, root: Schema, depth = 0): Schema {
  if (typeof schema === "boolean") return {};
  if (depth > 20) return {};
  const { $ref, allOf, ...own } = schema;
  let result: Schema = own;
  if ($ref !== undefined) result = { ...resolved(referred($ref, root), root, depth + 1), ...own };
  for (const part of allOf ?? []) {
    const more = resolved(part, root, depth + 1);
    result = {
      ...more,
      ...result,
      properties: { ...more.properties, ...result.properties },
      required: [...(more.required ?? []), ...(result.required ?? [])],
    };
  }
  return result;
}

function referred(reference: string, root: Schema): Schema {
  if (!reference.startsWith("#/")) return {};
  let at: unknown = root;
  for (const part of reference.slice(2).split("/")) {
    const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    at = asSchema(at)[key];
  }
  return asSchema(at);
}

/** The types that a value may have, without null. */
function types(schema: Schema): string[] {
  const all = Array.isArray(schema.type) ? schema.type : schema.type === undefined ? [] : [schema.type];
  return all.filter((type) => type !== "null");
}

/** The variants of a schema, without the one that only says null. */
export function variantsOf(schema: Schema, root: Schema): Schema[] {
  const all = schema.oneOf ?? schema.anyOf ?? [];
  return all.map((variant) => resolved(variant, root)).filter((variant) => variant.type !== "null");
}

/** Titled choices are written as variants of constants. */
export function choicesOf(schema: Schema, root: Schema): { value: Json; label: string }[] | undefined {
  if (schema.enum !== undefined) {
    return schema.enum.map((value, index) => ({ value, label: schema.enumNames?.[index] ?? textOf(value) }));
  }
  const variants = variantsOf(schema, root);
  if (variants.length > 0 && variants.every((variant) => variant.const !== undefined)) {
    return variants.map((variant) => ({ value: variant.const as Json, label: variant.title ?? textOf(variant.const as Json) }));
  }
  return undefined;
}

function textOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function kindOf(schema: Schema, root: Schema, depth = 0): FieldKind {
  if (schema.const !== undefined) return "constant";
  if (choicesOf(schema, root) !== undefined) return "choice";
  const variants = variantsOf(schema, root);
  const only = variants[0];
  if (variants.length === 1 && only !== undefined) return kindOf(only, root, depth);
  if (variants.length > 1) return depth < DEEPEST ? "variants" : "json";
  const [type, another] = types(schema);
  if (another !== undefined) return "json";
  switch (type) {
    case "boolean":
      return "boolean";
    case "number":
    case "integer":
      return "number";
    case "string":
      return "text";
    case "array": {
      if (depth >= DEEPEST || schema.items === undefined || typeof schema.items === "boolean") return "json";
      return choicesOf(resolved(schema.items, root), root) === undefined ? "list" : "choices";
    }
    case "object":
      return depth < DEEPEST && Object.keys(schema.properties ?? {}).length > 0 ? "object" : "json";
    default:
      return schema.properties !== undefined && depth < DEEPEST ? "object" : "json";
  }
}

/** A nullable or single variant as the one that it stands for. */
export function effective(schema: Schema | boolean, root: Schema): Schema {
  const own = resolved(schema, root);
  if (choicesOf(own, root) !== undefined) return own;
  const variants = variantsOf(own, root);
  const only = variants[0];
  if (variants.length !== 1 || only === undefined) return own;
  const { oneOf: _one, anyOf: _any, ...rest } = own;
  return { ...only, ...rest };
}

/** What a form begins with: the defaults, and what is required without a choice. */
export function initialValue(of: Schema | boolean, root: Schema, isRequired = true, depth = 0): Json | undefined {
  const schema = effective(of, root);
  if (schema.default !== undefined) return schema.default;
  if (!isRequired) return undefined;
  const kind = kindOf(schema, root, depth);
  if (kind === "constant") return schema.const;
  if (kind === "object") {
    const object: JsonObject = {};
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const value = initialValue(property, root, schema.required?.includes(name) ?? false, depth + 1);
      if (value !== undefined) object[name] = value;
    }
    return object;
  }
  if (kind === "list" || kind === "choices") return [];
  return undefined;
}

export interface Lack {
  /** Such as `/filter/0/name`. */
  path: string;
  problem: "required" | "number" | "length" | "range" | "pattern";
}

/** What is obviously wrong with a value before it is sent; the server has the last word. */
export function lacks(value: Json | undefined, of: Schema | boolean, root: Schema, isRequired = true, path = "", depth = 0): Lack[] {
  const schema = effective(of, root);
  if (value === undefined) return isRequired ? [{ path, problem: "required" }] : [];
  const kind = kindOf(schema, root, depth);
  if (kind === "object" && isObject(value)) {
    return Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
      lacks(value[name], property, root, schema.required?.includes(name) ?? false, `${path}/${name}`, depth + 1),
    );
  }
  if (kind === "list" && Array.isArray(value) && schema.items !== undefined) {
    const items = schema.items;
    return value.flatMap((item, index) => lacks(item, items, root, true, `${path}/${index}`, depth + 1));
  }
  if (typeof value === "number") {
    const isBelow = schema.minimum !== undefined && value < schema.minimum;
    const isAbove = schema.maximum !== undefined && value > schema.maximum;
    if (isBelow || isAbove) return [{ path, problem: "range" }];
    if (schema.type === "integer" && !Number.isInteger(value)) return [{ path, problem: "number" }];
  }
  if (typeof value === "string" && kind === "number") return [{ path, problem: "number" }];
  if (typeof value === "string" && kind === "text") {
    const isShort = schema.minLength !== undefined && value.length < schema.minLength;
    const isLong = schema.maxLength !== undefined && value.length > schema.maxLength;
    if (isShort || isLong) return [{ path, problem: "length" }];
    if (schema.pattern !== undefined && !matches(schema.pattern, value)) return [{ path, problem: "pattern" }];
  }
  return [];
}

/** A pattern that browsers do not understand is the server's to check. */
function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
