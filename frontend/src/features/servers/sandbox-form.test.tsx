import { screen } from "@testing-library/react";
import { expect, test } from "vitest";

import { asked } from "@/testing/backend";
import { server } from "@/testing/factories";
import { open } from "@/testing/render";

import { SandboxForm } from "./sandbox-form";

const REF = { project: "demo", server: "files" };

test("what the daemon refuses of a field stands at the field, and goes when it is mended", async () => {
  const hands = open("/projects/demo/servers/files/settings", <SandboxForm project={REF} server={server()} reason={undefined} />);
  const paths = screen.getByRole("textbox", { name: /^May read optional/ });
  await hands.type(paths, "nowhere");
  await hands.click(screen.getByRole("button", { name: "Save changes" }));
  await expect.poll(() => paths.getAttribute("aria-invalid")).toBe("true");
  expect(asked).toEqual([]);
  await hands.clear(paths);
  await hands.type(paths, "/refused");
  await hands.click(screen.getByRole("button", { name: "Save changes" }));
  expect(await screen.findByText("It is not there")).toBeInTheDocument();
  expect(screen.queryByRole("alert")).not.toBeInTheDocument();
  await hands.clear(paths);
  await hands.type(paths, "/srv");
  expect(screen.queryByText("It is not there")).not.toBeInTheDocument();
  await hands.click(screen.getByRole("button", { name: "Save changes" }));
  expect(await screen.findByText("Changes saved")).toBeInTheDocument();
  expect(asked.at(-1)).toEqual({ what: "server", body: { sandbox: { mode: "on", read_paths: ["/srv"], write_paths: [], network: "full" } } });
});

test("what belongs to no field stands above them all", async () => {
  const hands = open("/projects/demo/servers/files/settings", <SandboxForm project={REF} server={server()} reason={undefined} />);
  await hands.click(screen.getAllByRole("radio")[2] ?? document.body);
  await hands.click(screen.getByRole("button", { name: "Save changes" }));
  expect(await screen.findByText("The sandbox cannot be had.")).toBeInTheDocument();
});
