//! Owns nginx as the yardstick: a plain reverse proxy with keep-alive to the same upstream.
//! Its settings are those that make it fast; nothing else is tuned for or against it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::child::{self, Guarded, free_port};
use crate::client;
use crate::endpoint::Endpoint;
use crate::usage;

const START_LIMIT: Duration = Duration::from_secs(10);

pub(crate) struct Nginx {
    program: PathBuf,
    // Dropped in this order: the process ends before its folder goes.
    process: Guarded,
    endpoint: Endpoint,
    folder: TempDir,
}

impl Nginx {
    /// Where it is installed, if it is.
    pub(crate) fn find() -> Option<PathBuf> {
        let path = child::search_path();
        std::env::split_paths(&path)
            .chain([PathBuf::from("/usr/sbin")])
            .map(|folder| folder.join("nginx"))
            .find(|file| file.is_file())
    }

    /// Returns once a request passes through it.
    pub(crate) async fn start(program: &Path, upstream: &Endpoint) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("orch-bench-nginx").tempdir()?;
        let port = free_port()?;
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, config(folder.path(), port, upstream)).context("configure nginx")?;
        let process = Guarded::start(
            child::command(program)
                .args(["-e", "stderr", "-p"])
                .arg(folder.path())
                .arg("-c")
                .arg(&file)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(std::fs::File::create(folder.path().join("error.log"))?),
        )?;
        let endpoint = Endpoint::local(port, upstream.path());
        let mut nginx = Self { program: program.to_owned(), process, endpoint, folder };
        if let Err(error) = nginx.await_ready().await {
            let log = std::fs::read_to_string(nginx.folder.path().join("error.log"));
            bail!("{error:#}: {}", log.unwrap_or_default());
        }
        Ok(nginx)
    }

    /// Another one in its place, at another address.
    pub(crate) async fn restart(&mut self, upstream: &Endpoint) -> Result<()> {
        *self = Self::start(&self.program, upstream).await?;
        Ok(())
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(crate) fn pids(&self) -> Vec<u32> {
        let master = self.process.pid();
        [vec![master], usage::descendants(master)].concat()
    }

    async fn await_ready(&mut self) -> Result<()> {
        let started = Instant::now();
        let probe = format!("GET {} HTTP/1.1\r\nhost: bench\r\n\r\n", self.endpoint.path());
        loop {
            // 405 is the upstream's own answer.
            if let Ok((405, _)) = client::once(self.endpoint.address(), probe.as_bytes()).await {
                return Ok(());
            }
            if !self.process.is_running() {
                bail!("nginx ended");
            }
            if started.elapsed() > START_LIMIT {
                bail!("nginx was not ready after {START_LIMIT:?}");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn config(folder: &Path, port: u16, upstream: &Endpoint) -> String {
    let folder = folder.display();
    let upstream = upstream.address();
    format!(
        "daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 32m;
    client_body_buffer_size 16m;
    proxy_max_temp_file_size 0;
    keepalive_requests 1000000000;
    upstream bench {{
        server {upstream};
        keepalive 128;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://bench;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
        }}
    }}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::config;
    use crate::endpoint::Endpoint;

    #[test]
    fn the_config_keeps_connections_to_the_upstream() {
        let text = config(Path::new("/t"), 81, &Endpoint::local(80, "/mcp"));
        for part in [
            "listen 127.0.0.1:81;",
            "server 127.0.0.1:80;",
            "keepalive 128;",
            "proxy_http_version 1.1;",
            "Connection \"\";",
        ] {
            assert!(text.contains(part), "{part}");
        }
    }
}
