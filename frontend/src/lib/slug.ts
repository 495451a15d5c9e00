/** What the daemon takes for the slug of a project or a team. */
export const SLUG = /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

export const SLUG_LENGTH = 40;

/** What can be written of a name in an address: `결제 API` gives `gyeolje-api`. Undefined when it has no such letter. */
export function slugOf(name: string, most = SLUG_LENGTH): string | undefined {
  const latin = romanize(name.normalize("NFC"))
    // An accented letter becomes the letter and its accent, which goes.
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase();
  const slug = latin
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, most)
    .replace(/-+$/, "");
  return slug === "" ? undefined : slug;
}

/** Where nothing of a name can be written in an address: `project-7k2m`. */
export function someSlug(noun: string): string {
  const letters = [...crypto.getRandomValues(new Uint8Array(4))].map((byte) => (byte % 36).toString(36));
  return `${noun}-${letters.join("")}`;
}

const LEADS = "g kk n d tt r m b pp s ss  j jj ch k t p h".split(" ");
const VOWELS = "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i".split(" ");
const TAILS = " k k k n n n t l k m l l l p l m p p t t ng t t k t p t".split(" ");
const FIRST = 0xac00;

/** Hangul by the letters of Revised Romanization, each syllable for itself: what sounds change between them is left out. */
function romanize(text: string): string {
  return text.replace(/[가-힣]/g, (syllable) => {
    const at = syllable.charCodeAt(0) - FIRST;
    const [lead, vowel, tail] = [Math.floor(at / 588), Math.floor((at % 588) / 28), at % 28];
    return `${LEADS[lead] ?? ""}${VOWELS[vowel] ?? ""}${TAILS[tail] ?? ""}`;
  });
}
