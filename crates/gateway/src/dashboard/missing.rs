//! What a binary without a dashboard shows in its place: how to get one.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;

const POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>MCP Orchestrator</title>
<main>
<h1>The daemon runs, without its dashboard</h1>
<p>This binary was built before the dashboard was. Build both:</p>
<pre>npm --prefix frontend ci
npm --prefix frontend run build
cargo build --release --locked -p orch-server</pre>
<p><code>scripts/quickstart.sh</code> does all of it.</p>
<p>REST works as it is: <a href="/docs/">the API reference</a>. So do the MCP endpoints and <code>orch-admin</code>.</p>
</main>
</html>
"#;

pub(super) fn page() -> HttpResponse {
    HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .content_type("text/html; charset=utf-8")
        .body(PAGE)
}
