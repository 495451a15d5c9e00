import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { open } from "@/testing/render";

import { FieldProblems } from "./import-preview";

test("a problem is set off from where it is, however that is said", async () => {
  const problem = { problem: "this is not JSON", hint: "" };
  open(
    "/projects/demo/import",
    <FieldProblems problems={[{ ...problem, field: "", line: 1 }, { ...problem, field: "files", line: 2 }, { ...problem, field: "files" }, { ...problem, field: "" }]} />,
  );
  const items = await screen.findAllByRole("listitem");
  expect(items.map(({ textContent }) => textContent)).toEqual([
    "(line 1): this is not JSON",
    "files (line 2): this is not JSON",
    "files: this is not JSON",
    "this is not JSON",
  ]);
});
