import { expect, it } from "vitest";

import { csv } from "./csv";

it("writes cells that stay cells and are no formulas", () => {
  expect(csv([["a", 'say "hi", you', "=1+1", null, -3]])).toBe('a,"say ""hi"", you",\'=1+1,,-3\r\n');
});
