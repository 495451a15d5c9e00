//! From the path of a URL to the name of a file.
//!
//! A page is exported once, with `_` for each id in its path, and stands for all of them: `projects/_/servers.html` is
//! `/projects/<any>/servers`. What the framework's router asks for when a link is followed lies beside it and is found
//! the same way.

use std::collections::{HashMap, HashSet};

use actix_web::http::header::HeaderValue;

use super::files::Files;

pub(super) const NOT_FOUND: &str = "404.html";
/// What the dashboard's build says about its pages: the hashes of the scripts in them.
const MANIFEST: &str = "csp.json";
const PLACEHOLDER: &str = "_";

/// Nothing comes from anywhere else, nothing is framed, and only the scripts that were built run.
const POLICY: &str = "default-src 'none'; connect-src 'self'; font-src 'self'; img-src 'self' data: blob:; \
                      media-src data: blob:; style-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'; script-src 'self'";

/// What tells one build of the dashboard from another; None where there is none. The manifest is
/// written when all pages are there.
pub(super) fn build_of(files: &dyn Files) -> Option<String> {
    files.get(MANIFEST).map(|manifest| manifest.tag)
}

pub(super) struct Index {
    names: HashSet<String>,
    /// Every folder, and the empty one that holds them all.
    folders: HashSet<String>,
    /// The policy of each page.
    policies: HashMap<String, HeaderValue>,
}

impl Index {
    pub(super) fn of(files: &dyn Files) -> Self {
        let names: HashSet<String> = files.names().into_iter().collect();
        let mut folders = HashSet::from([String::new()]);
        for name in &names {
            folders.extend(name.match_indices('/').filter_map(|(at, _)| name.get(..at)).map(str::to_owned));
        }
        let scripts: HashMap<String, Vec<String>> =
            files.get(MANIFEST).and_then(|manifest| serde_json::from_slice(&manifest.content).ok()).unwrap_or_default();
        let policies = scripts.into_iter().filter_map(|(page, hashes)| {
            let hashes: String = hashes.iter().map(|hash| format!(" '{hash}'")).collect();
            Some((page, HeaderValue::try_from(format!("{POLICY}{hashes}")).ok()?))
        });
        Self { names, folders, policies: policies.collect() }
    }

    /// Whether there is a whole dashboard.
    pub(super) fn is_built(&self) -> bool {
        self.names.contains(NOT_FOUND) && !self.policies.is_empty()
    }

    pub(super) fn policy(&self, name: &str) -> Option<HeaderValue> {
        self.policies.get(name).cloned()
    }

    /// The file for the path of a URL.
    pub(super) fn find(&self, path: &str) -> Option<String> {
        let path = decode(path.strip_prefix('/')?)?;
        let path = path.strip_suffix('/').unwrap_or(&path);
        if path.is_empty() {
            return self.has("index.html".to_owned());
        }
        let (above, last) = path.rsplit_once('/').unwrap_or(("", path));
        let mut folder = String::new();
        for segment in above.split('/').filter(|_| !above.is_empty()) {
            folder = [segment, PLACEHOLDER]
                .into_iter()
                .map(|segment| join(&folder, segment))
                .find(|folder| self.folders.contains(folder))?;
        }
        let in_folder = |name: &str| self.has(join(&folder, name));
        let page = |name: &str| in_folder(&format!("{name}.html"));
        match last.rsplit_once('.') {
            Some((_, "txt")) => in_folder(last).or_else(|| in_folder("_.txt")),
            // The manifest and packed files are not for being asked for.
            Some(_) => {
                in_folder(last).filter(|name| name != MANIFEST && !name.ends_with(".br") && !name.ends_with(".gz"))
            }
            None => page(last).or_else(|| page(PLACEHOLDER)),
        }
    }

    fn has(&self, name: String) -> Option<String> {
        self.names.contains(&name).then_some(name)
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Undoes the escapes of a path. None for what is no text.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let value = digit(rest.next())? * 16 + digit(rest.next())?;
            bytes.push(u8::try_from(value).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
