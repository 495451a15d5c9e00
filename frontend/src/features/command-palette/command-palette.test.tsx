import { act, cleanup, screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { open } from "@/testing/render";

import { CommandPalette } from "./command-palette";

const press = (init: KeyboardEventInit) => document.body.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...init }));

test("hears Escape as soon as it is opened", async () => {
  const hands = open("/projects/demo", <CommandPalette />);
  await hands.keyboard("{Control>}k{/Control}");
  expect(await screen.findByRole("combobox")).toBeInTheDocument();
  await hands.keyboard("{Escape}");
  expect(screen.queryByRole("combobox")).not.toBeInTheDocument();
  act(() => {
    press({ key: "k", ctrlKey: true });
    press({ key: "Escape" });
  });
  expect(screen.queryByRole("combobox")).not.toBeInTheDocument();
});

test("promises servers and tools only where there are some to find", async () => {
  const hands = open("/projects", <CommandPalette />);
  await hands.keyboard("{Control>}k{/Control}");
  expect(await screen.findByPlaceholderText("Find a project, page or action")).toBeInTheDocument();
  cleanup();
  await open("/projects/demo", <CommandPalette />).keyboard("{Control>}k{/Control}");
  expect(await screen.findByPlaceholderText("Find a project, server, tool, page or action")).toBeInTheDocument();
});
