/** What the daemon takes for the slug of a project or a team. */
export const SLUG = /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

/** Whether the daemon can make a slug of a name, which takes a letter that addresses have. */
export function givesSlug(name: string): boolean {
  return /[a-z]/i.test(name);
}
