/** What forms are checked with, as `components/use-schema.ts` fetches it. Only what is named here is in the code that is fetched. */
export { standardSchemaResolver } from "@hookform/resolvers/standard-schema";
export {
  array,
  boolean,
  enum,
  maxLength,
  minLength,
  object,
  refine,
  regex,
  string,
  superRefine,
  trim,
} from "zod/mini";
