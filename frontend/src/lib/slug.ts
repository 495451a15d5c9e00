/** What the daemon takes for the slug of a project or a team. */
export const SLUG = /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
