import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";

import { pageOf, server } from "@/testing/factories";

import { expectState } from "./server-verbs";
import { serverQuery, serversQuery } from "./servers";

test("what was expected of servers is taken back for those where it failed, whether the daemon can be asked or not", async () => {
  const client = new QueryClient();
  const ref = { project: "demo" };
  const single = serverQuery({ ...ref, server: "files" }).queryKey;
  client.setQueryData(serversQuery(ref).queryKey, pageOf([server({ alias: "files" }), server({ alias: "search" })]));
  client.setQueryData(single, server({ alias: "files" }));
  const states = () => client.getQueryData(serversQuery(ref).queryKey)?.items.map(({ status }) => status.state);
  const takeBack = await expectState(client, ref, "start", ["files", "search"]);
  expect(states()).toEqual(["starting", "starting"]);
  takeBack(["files"]);
  expect(states()).toEqual(["stopped", "starting"]);
  expect(client.getQueryData(single)?.status.state).toBe("stopped");
});
