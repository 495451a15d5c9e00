//! The dashboard: static files that are in the binary, the same for everybody. They hold no data; pages get theirs from
//! REST. Decides nothing about who may see what.

mod accept;
mod files;
mod index;
mod missing;

use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, header::HeaderMap};
use actix_web::{HttpRequest, HttpResponse};

use self::accept::Coding;
use self::files::{Embedded, Files};
use self::index::Index;

/// Serves the files of the dashboard.
pub(crate) struct Dashboard {
    files: Box<dyn Files>,
    /// None until somebody asks for a page: the names of the files lie among their contents, so going through them
    /// brings nearly all of that into memory.
    known: Mutex<Option<Arc<Known>>>,
    /// The files of a debug build lie on the disk and may be built anew at any time.
    may_change: bool,
}

/// What is known of the files of one build.
struct Known {
    /// None where there is none.
    build: Option<String>,
    index: Index,
}

impl Known {
    fn of(files: &dyn Files) -> Arc<Self> {
        Arc::new(Self { build: index::build_of(files), index: Index::of(files) })
    }
}

/// Names of assets hold a hash of their content.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Kept, and asked about each time.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

impl Dashboard {
    pub(crate) fn embedded() -> Self {
        Self { files: Box::new(Embedded), known: Mutex::default(), may_change: cfg!(debug_assertions) }
    }

    #[cfg(test)]
    fn of(files: impl Files + 'static) -> Self {
        Self { files: Box::new(files), known: Mutex::default(), may_change: true }
    }

    /// The answer to a request for a page or one of its parts; None where the dashboard has nothing.
    pub(crate) fn answer(&self, request: &HttpRequest) -> Option<HttpResponse> {
        if *request.method() != Method::GET {
            return None;
        }
        self.answer_with(&self.known().index, request.path(), request.headers())
    }

    /// Looked up once for each build, as there are hundreds of files.
    fn known(&self) -> Arc<Known> {
        let files = self.files.as_ref();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if self.may_change {
            known.take_if(|known| known.build != index::build_of(files));
        }
        Arc::clone(known.get_or_insert_with(|| Known::of(files)))
    }

    fn answer_with(&self, index: &Index, path: &str, headers: &HeaderMap) -> Option<HttpResponse> {
        if !index.is_built() {
            return (path == "/" || wants_page(headers)).then(missing::page);
        }
        if let Some(name) = index.find(path) {
            return self.file(index, &name, headers, StatusCode::OK);
        }
        // A page of ours for people; programs get the problem that everything else gives.
        if wants_page(headers) { self.file(index, index::NOT_FOUND, headers, StatusCode::NOT_FOUND) } else { None }
    }

    fn file(&self, index: &Index, name: &str, headers: &HeaderMap, status: StatusCode) -> Option<HttpResponse> {
        let (file, coding) = Coding::of(headers)
            .into_iter()
            .find_map(|coding| Some((self.files.get(&format!("{name}{}", coding.suffix()))?, coding)))?;
        let tag = format!("\"{}\"", file.tag);
        let mut response = HttpResponse::build(status);
        response
            .insert_header((header::ETAG, tag.clone()))
            .insert_header((header::VARY, "Accept-Encoding"))
            .insert_header((
                header::CACHE_CONTROL,
                if name.starts_with("_next/static/") { FOREVER } else { REVALIDATE },
            ));
        if let Some(policy) = index.policy(name) {
            response.insert_header((header::CONTENT_SECURITY_POLICY, policy));
        }
        if status == StatusCode::OK && is_known(headers, &tag) {
            return Some(response.status(StatusCode::NOT_MODIFIED).finish());
        }
        if let Some(coding) = coding.name() {
            response.insert_header((header::CONTENT_ENCODING, coding));
        }
        Some(response.content_type(media_type(name)).body(file.content))
    }
}

/// Whether somebody looks at the answer with a browser.
fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == tag)
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        // What the framework's router reads when a link is followed.
        Some("txt") => "text/x-component; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
