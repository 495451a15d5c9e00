//! Where the files of the dashboard come from: the binary itself. A debug build reads them from `frontend/out`.

use std::borrow::Cow;

use actix_web::web::Bytes;

/// The files of an exported dashboard, by their names in it.
pub(super) trait Files: Send + Sync {
    fn get(&self, name: &str) -> Option<File>;
    fn names(&self) -> Vec<String>;
}

pub(super) struct File {
    pub(super) content: Bytes,
    /// Another for each content.
    pub(super) tag: String,
}

#[derive(rust_embed::RustEmbed)]
#[folder = "../../frontend/out"]
#[allow_missing = true]
struct Exported;

/// What was in `frontend/out` when the binary was built.
pub(super) struct Embedded;

impl Files for Embedded {
    fn get(&self, name: &str) -> Option<File> {
        let file = Exported::get(name)?;
        let tag = file.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let content = match file.data {
            Cow::Borrowed(content) => Bytes::from_static(content),
            Cow::Owned(content) => Bytes::from(content),
        };
        Some(File { content, tag })
    }

    fn names(&self) -> Vec<String> {
        Exported::iter().map(Cow::into_owned).collect()
    }
}
