/** Numbers in forms that may be left empty: an empty field says nothing, and something else decides. */
import type { Z } from "./use-schema";

export function optionalWhole(z: Z, least: number, most: number, message: string) {
  return z.string().check(
    z.refine((text) => {
      const value = toNumber(text);
      return value === null || (Number.isInteger(value) && value >= least && value <= most);
    }, message),
  );
}

export const toText = (value: number | null | undefined) => (value === null || value === undefined ? "" : String(value));

export const toNumber = (text: string) => (text.trim() === "" ? null : Number(text));
