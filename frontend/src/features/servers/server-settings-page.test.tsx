import { useQueryClient } from "@tanstack/react-query";
import { act, screen, within } from "@testing-library/react";
import { expect, test } from "vitest";

import type { Server } from "@/lib/data/servers";
import { backend, http } from "@/testing/backend";
import { server } from "@/testing/factories";
import { go } from "@/testing/navigation";
import { open } from "@/testing/render";

import { ServerSettingsPage } from "./server-settings-page";

const stdio = (args: number): Server["transport"] => ({ type: "stdio", command: "mcp-files", arg_count: args, env: [], cwd: null });

function Refresh() {
  const queryClient = useQueryClient();
  return <button onClick={() => void queryClient.invalidateQueries()}>Look again</button>;
}

/** A server with arguments, and over which versions it is saved; `change` is what another admin does. Saves wait for `until`. */
function aServer(until: Promise<void> = Promise.resolve()) {
  let now = server({ transport: stdio(2) });
  const versions: (string | null)[] = [];
  const change = (part: Partial<Server>) => {
    now = { ...now, ...part, version: now.version + 1 };
  };
  backend.use(
    http.get("/api/v1/projects/{project}/servers/{server}", ({ response }) => response(200).json(now)),
    http.patch("/api/v1/projects/{project}/servers/{server}", async ({ request, response }) => {
      versions.push(request.headers.get("if-match"));
      const { name, transport } = await request.json();
      await until;
      change({ name: name ?? now.name, transport: transport?.type === "stdio" && transport.args !== undefined ? stdio(transport.args?.length ?? 0) : now.transport });
      return response(200).json(now);
    }),
  );
  return { versions, change };
}

async function openForm() {
  const hands = open(
    "/projects/demo/servers/files/settings",
    <>
      <Refresh />
      <ServerSettingsPage />
    </>,
  );
  const name = await screen.findByRole("textbox", { name: /^Display name/ });
  const form = within(name.closest("form") as HTMLElement);
  const save = async () => {
    await hands.click(form.getByRole("button", { name: "Save changes" }));
  };
  return { hands, form, name, save };
}

const NOTICE = "Somebody else has changed this in the meantime";

test("arguments of another admin are not replaced unasked, whatever was saved before", async () => {
  const { versions, change } = aServer();
  const { hands, form, name, save } = await openForm();
  await hands.type(name, "!");
  await save();
  expect(await screen.findByText("Changes saved")).toBeInTheDocument();
  await hands.click(form.getByRole("button", { name: "Replace" }));
  await hands.type(form.getByRole("textbox", { name: /^Arguments/ }), "mine");
  change({ transport: stdio(3) });
  await hands.click(screen.getByRole("button", { name: "Look again" }));
  expect(await form.findByText(NOTICE)).toBeInTheDocument();
  await save();
  await expect.poll(() => versions).toEqual(['"1"', '"2"']);
});

test("arguments that one has saved oneself are not somebody else's", async () => {
  let answer: () => void = () => undefined;
  const { versions } = aServer(
    new Promise((resolve) => {
      answer = resolve;
    }),
  );
  const { hands, form, name, save } = await openForm();
  await hands.click(form.getByRole("button", { name: "Replace" }));
  await hands.type(form.getByRole("textbox", { name: /^Arguments/ }), "one");
  await save();
  await hands.type(name, "!");
  answer();
  expect(await screen.findByText("Changes saved")).toBeInTheDocument();
  await hands.click(screen.getByRole("button", { name: "Look again" }));
  expect(form.queryByText(NOTICE)).not.toBeInTheDocument();
  await save();
  await expect.poll(() => versions).toEqual(['"1"', '"2"']);
});

test("another server is not shown with what stood in the fields of the first, however often that was changed", async () => {
  const servers = { files: server({ alias: "files", name: "Files", version: 7 }), search: server({ alias: "search", name: "Search" }) };
  backend.use(http.get("/api/v1/projects/{project}/servers/{server}", ({ params, response }) => response(200).json(servers[params.server as "files"])));
  const { hands, name } = await openForm();
  await hands.type(name, " of mine");
  act(() => {
    go("/projects/demo/servers/search/settings");
  });
  expect(await screen.findByRole("textbox", { name: /^Display name/ })).toHaveValue("Search");
  expect(screen.queryByText(NOTICE)).not.toBeInTheDocument();
});
