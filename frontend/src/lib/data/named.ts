/** Projects, servers and teams: an address has their names, which somebody may change while their page is open. */
import type { QueryFunctionContext } from "@tanstack/react-query";

import { toApiError } from "../api/errors";

/** Where nothing goes by a name any more, asks by its id for what went by it before. */
export async function readNamed<T extends { id: string }>(
  { client, queryKey }: Pick<QueryFunctionContext, "client" | "queryKey">,
  name: string,
  ask: (name: string) => Promise<T>,
): Promise<T> {
  try {
    return await ask(name);
  } catch (cause) {
    const before = client.getQueryData<T>(queryKey);
    if (before === undefined || toApiError(cause).code !== "not_found") throw cause;
    return await ask(before.id);
  }
}
