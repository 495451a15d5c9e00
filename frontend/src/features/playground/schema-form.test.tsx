import { screen, within } from "@testing-library/react";
import { useState } from "react";
import { expect, test } from "vitest";

import { initialValue, type Json, lacks as lacksOf, type Schema } from "@/lib/json-schema";
import { open } from "@/testing/render";

import { SchemaForm } from "./schema-form";

/** What is in the form, as the page has it. */
function show(schema: Schema) {
  const held: { value: Json | undefined } = { value: undefined };
  function Form() {
    const [value, setValue] = useState<Json | undefined>(() => initialValue(schema, schema) ?? {});
    held.value = value;
    return <SchemaForm schema={schema} value={value} onChange={setValue} lacks={new Map(lacksOf(value, schema, schema).map(({ path, problem }) => [path, problem]))} />;
  }
  return { hands: open("/projects/demo/servers/files/playground", <Form />), held };
}

test("makes a field of each kind of member, and a value of what is written", async () => {
  const { hands, held } = show({
    type: "object",
    required: ["path"],
    properties: {
      path: { type: "string", description: "Which file" },
      lines: { type: "integer" },
      mode: { enum: ["head", "tail"] },
      follow: { type: "boolean", default: false },
    },
  });
  const path = screen.getByRole("textbox", { name: "path" });
  expect(path).toHaveAccessibleDescription(/Which file/);
  await hands.type(path, "/etc/hosts");
  await hands.type(screen.getByRole("textbox", { name: /lines/ }), "12");
  await hands.selectOptions(screen.getByRole("combobox", { name: /mode/ }), "tail");
  expect(held.value).toMatchObject({ path: "/etc/hosts", lines: 12, mode: "tail" });
  await hands.clear(screen.getByRole("textbox", { name: /lines/ }));
  expect(held.value).not.toHaveProperty("lines");
});

test("a number that is none yet stays as it is typed, and is said to be none", async () => {
  const { hands, held } = show({ type: "object", properties: { offset: { type: "number" } } });
  const offset = screen.getByRole("textbox", { name: /offset/ });
  await hands.type(offset, "-");
  expect(offset).toHaveValue("-");
  expect(offset).toBeInvalid();
  await hands.type(offset, "1.5");
  expect(held.value).toEqual({ offset: -1.5 });
  expect(offset).toBeValid();
});

test("a number keeps the spelling it is typed in, and is valid all along", async () => {
  const { hands, held } = show({ type: "object", properties: { price: { type: "number" } } });
  const price = screen.getByRole("textbox", { name: /price/ });
  for (const key of "1.50") {
    await hands.type(price, key);
    expect(price).toBeValid();
  }
  await hands.tab();
  expect(price).toHaveValue("1.50");
  expect(held.value).toEqual({ price: 1.5 });
  await hands.clear(price);
  expect(price).toHaveValue("");
  expect(held.value).toEqual({});
});

test("lists grow and shrink, with objects inside", async () => {
  const { hands, held } = show({
    type: "object",
    properties: { edits: { type: "array", items: { type: "object", required: ["find"], properties: { find: { type: "string" } } } } },
  });
  const add = screen.getByRole("button", { name: /Add/ });
  await hands.click(add);
  await hands.click(add);
  const [first, second] = screen.getAllByRole("textbox", { name: "find" });
  await hands.type(first ?? document.body, "one");
  await hands.type(second ?? document.body, "two");
  expect(held.value).toEqual({ edits: [{ find: "one" }, { find: "two" }] });
  await hands.click(screen.getAllByRole("button", { name: /Remove/ })[0] ?? document.body);
  expect(held.value).toEqual({ edits: [{ find: "two" }] });
});

test("one of several shapes is chosen first", async () => {
  const { hands, held } = show({
    type: "object",
    properties: {
      target: {
        oneOf: [
          { title: "By name", type: "object", required: ["name"], properties: { name: { type: "string" } } },
          { title: "By number", type: "integer" },
        ],
      },
    },
  });
  const group = screen.getByRole("group", { name: /target/ });
  await hands.selectOptions(within(group).getByRole("combobox"), "By number");
  // The field stays while it is empty.
  await hands.clear(within(group).getByRole("textbox"));
  expect(held.value).toEqual({});
  await hands.type(within(group).getByRole("textbox"), "7");
  expect(held.value).toEqual({ target: 7 });
  await hands.selectOptions(within(group).getByRole("combobox"), "By name");
  await hands.type(within(group).getByRole("textbox", { name: "name" }), "x");
  expect(held.value).toEqual({ target: { name: "x" } });
});

test("a tool without arguments says so", () => {
  show({ type: "object", properties: {} });
  expect(screen.getByText(/no arguments/i)).toBeInTheDocument();
});
