import type { FieldValues, Resolver } from "react-hook-form";
import type { input, output, ZodMiniType } from "zod/mini";

import { usePreload } from "@/lib/preload";
import type * as Schema from "@/lib/schema";

export type Z = typeof Schema;

const load = () => import("@/lib/schema");

/**
 * Checks a form with the schema that `make` gives. The code for it does not weigh on the first load: it is fetched when
 * the page has come to rest, or when a form is checked. Where it cannot be had, the daemon alone says what is wrong.
 */
export function useSchema<S extends ZodMiniType<FieldValues, FieldValues>>(make: (z: Z) => S): Resolver<input<S>, unknown, output<S>> {
  usePreload(load);
  return async (values, context, options) => {
    const z = await load().catch(() => undefined);
    if (z === undefined) return { values: values as output<S>, errors: {} };
    return z.standardSchemaResolver<input<S>, unknown, output<S>>(make(z))(values, context, options);
  };
}
