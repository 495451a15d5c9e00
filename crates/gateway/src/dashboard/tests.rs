//! The dashboard over a few files of memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use actix_web::body::to_bytes;
use actix_web::http::StatusCode;
use actix_web::test::TestRequest;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, http::Method};

use super::Dashboard;
use super::files::{File, Files};

struct InMemory(BTreeMap<&'static str, &'static str>);

impl Files for InMemory {
    fn get(&self, name: &str) -> Option<File> {
        let content = self.0.get(name)?;
        Some(File { content: Bytes::from_static(content.as_bytes()), tag: format!("tag-of-{name}") })
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().map(|name| (*name).to_owned()).collect()
    }
}

fn dashboard() -> Dashboard {
    let names = [
        "404.html",
        "index.html",
        "login.html",
        "projects.html",
        "projects.txt",
        "projects/_.html",
        "projects/_.txt",
        "projects/_/__next.projects.$d$projectId.txt",
        "projects/_/keys.html",
        "projects/_/servers/_/tools.html",
        "_next/static/chunks/1a2b.js",
        "_next/static/chunks/1a2b.js.br",
        "_next/static/chunks/1a2b.js.gz",
    ];
    let mut files: BTreeMap<_, _> = names.into_iter().map(|name| (name, name)).collect();
    files.insert("csp.json", r#"{"index.html": ["sha256-abc="], "projects/_.html": ["sha256-x=", "sha256-y="]}"#);
    Dashboard::of(InMemory(files))
}

fn get(path: &str) -> TestRequest {
    TestRequest::with_uri(path).insert_header(("accept", "text/html"))
}

fn ask(request: TestRequest) -> Option<HttpResponse> {
    dashboard().answer(&request.to_http_request())
}

fn header(response: &HttpResponse, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

async fn text(response: HttpResponse) -> String {
    String::from_utf8(to_bytes(response.into_body()).await.unwrap_or_default().to_vec()).unwrap()
}

#[actix_web::test]
async fn one_file_stands_for_all_ids() {
    for (path, file) in [
        ("/", "index.html"),
        ("/login", "login.html"),
        ("/projects", "projects.html"),
        ("/projects/", "projects.html"),
        ("/projects.txt", "projects.txt"),
        ("/projects/demo", "projects/_.html"),
        ("/projects/%ED%95%9C", "projects/_.html"),
        ("/projects/demo.txt", "projects/_.txt"),
        ("/projects/demo/__next.projects.$d$projectId.txt", "projects/_/__next.projects.$d$projectId.txt"),
        ("/projects/demo/__next.projects.%24d%24projectId.txt", "projects/_/__next.projects.$d$projectId.txt"),
        ("/projects/demo/keys", "projects/_/keys.html"),
        ("/projects/demo/servers/keys/tools", "projects/_/servers/_/tools.html"),
        ("/_next/static/chunks/1a2b.js", "_next/static/chunks/1a2b.js"),
    ] {
        let response = ask(get(path)).unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(text(response).await, file, "{path}");
    }
}

#[actix_web::test]
async fn has_a_page_for_what_is_not_there() {
    for path in
        ["/nothing", "/projects/demo/nothing", "/projects/demo/servers/a/b/c", "/../etc/passwd", "/%2e%2e/x", "/%zz"]
    {
        let response = ask(get(path)).unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(text(response).await, "404.html", "{path}");
        // A program gets the problem document of the caller.
        assert!(ask(TestRequest::with_uri(path)).is_none(), "{path}");
    }
    for path in ["/csp.json", "/_next/static/chunks/1a2b.js.br"] {
        assert_eq!(ask(get(path)).unwrap().status(), StatusCode::NOT_FOUND, "{path}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        assert!(ask(get("/").method(method)).is_none());
    }
}

#[actix_web::test]
async fn runs_the_scripts_of_the_page_and_no_others() {
    let policy = header(&ask(get("/projects/demo")).unwrap(), "content-security-policy");
    assert!(policy.ends_with("script-src 'self' 'sha256-x=' 'sha256-y='"), "{policy}");
    assert!(policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
}

#[actix_web::test]
async fn keeps_assets_for_ever_and_asks_about_pages() {
    let asset = ask(get("/_next/static/chunks/1a2b.js").insert_header(("accept-encoding", "gzip, br"))).unwrap();
    assert_eq!(header(&asset, "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header(&asset, "content-encoding"), "br");
    assert_eq!(header(&asset, "vary"), "Accept-Encoding");
    assert_eq!(header(&asset, "content-type"), "text/javascript; charset=utf-8");
    assert_eq!(text(asset).await, "_next/static/chunks/1a2b.js.br");

    let page = ask(get("/projects/demo").insert_header(("accept-encoding", "gzip, br"))).unwrap();
    assert_eq!(header(&page, "cache-control"), "no-cache");
    assert_eq!(header(&page, "content-encoding"), "", "there is no packed one");
    let tag = header(&page, "etag");
    let again = ask(get("/projects/demo").insert_header(("if-none-match", tag))).unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(text(again).await, "");
}

#[actix_web::test]
async fn says_how_to_build_what_is_missing() {
    let empty = Dashboard::of(InMemory(BTreeMap::new()));
    let response = empty.answer(&TestRequest::with_uri("/").to_http_request()).unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(text(response).await.contains("npm --prefix frontend run build"));
    assert!(empty.answer(&TestRequest::with_uri("/projects/demo").to_http_request()).is_none());
}

/// Files that somebody builds anew.
#[derive(Clone)]
struct OnDisk(Arc<Mutex<BTreeMap<&'static str, &'static str>>>);

impl Files for OnDisk {
    fn get(&self, name: &str) -> Option<File> {
        let content = *self.0.lock().unwrap().get(name)?;
        Some(File { content: content.into(), tag: format!("tag-of-{content}") })
    }

    fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().map(|name| (*name).to_owned()).collect()
    }
}

#[test]
fn a_dashboard_that_is_built_later_is_noticed() {
    let files = OnDisk(Arc::default());
    let dashboard = Dashboard::of(files.clone());
    let found = |path| dashboard.answer(&get(path).to_http_request()).map(|answer| answer.status());
    assert_eq!(found("/login"), Some(StatusCode::SERVICE_UNAVAILABLE));
    files.0.lock().unwrap().extend([
        ("404.html", "404"),
        ("login.html", "login"),
        ("csp.json", r#"{"login.html":["sha256-a="]}"#),
    ]);
    assert_eq!(found("/login"), Some(StatusCode::OK));
    assert_eq!(found("/teams"), Some(StatusCode::NOT_FOUND));
    files.0.lock().unwrap().extend([("teams.html", "teams"), ("csp.json", r#"{"teams.html":["sha256-b="]}"#)]);
    assert_eq!(found("/teams"), Some(StatusCode::OK));
}
