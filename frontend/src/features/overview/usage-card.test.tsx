import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { open } from "@/testing/render";

import { UsageCard } from "./usage-card";

test("counts what failed with what was refused, and leads admins to exactly those", async () => {
  open("/projects/demo", <UsageCard project={{ project: "demo" }} servers={[]} />);
  const link = await screen.findByRole("link", { name: "3" });
  expect(link).toHaveAttribute("href", "/projects/demo/activity?outcome=failed&since=2026-01-30T12%3A00%3A00Z");
  expect(screen.getByText("Failed or refused, 24 h").nextSibling).toContainElement(link);
});

test("a member, who would find only own calls there, reads the number", async () => {
  open("/projects/joined", <UsageCard project={{ project: "joined" }} servers={[]} />);
  expect(await screen.findByText("3")).toBeInTheDocument();
  expect(screen.queryByRole("link")).not.toBeInTheDocument();
});
