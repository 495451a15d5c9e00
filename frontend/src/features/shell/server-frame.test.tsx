import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { open } from "@/testing/render";

import { ServerFrame } from "./server-frame";

test("every page of a server says how it is, and leads to where more is said", async () => {
  open("/projects/demo/servers/crashing/usage", <ServerFrame>page</ServerFrame>);
  expect(await screen.findByRole("link", { name: "State: Failing" })).toHaveAttribute("href", "/projects/demo/servers/crashing");
});
