import { expect, test } from "vitest";

import { segmentAfter } from "./route";

test("reads ids from the path", () => {
  const path = "/projects/demo/servers/my%20files/tools";
  expect(segmentAfter(path, "projects")).toBe("demo");
  expect(segmentAfter(path, "servers")).toBe("my files");
  expect(segmentAfter(path, "teams")).toBeUndefined();
  expect(segmentAfter("/projects", "projects")).toBeUndefined();
  expect(segmentAfter("/projects/%zz", "projects")).toBe("%zz");
});
