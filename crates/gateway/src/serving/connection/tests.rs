//! What becomes of a request whose client has gone. Everything else is tested with the whole gateway.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::Request;
use actix_service::fn_service;
use actix_web::dev::ServiceResponse;
use actix_web::test::TestRequest;
use actix_web::{Error, HttpResponse, rt};
use futures_util::StreamExt as _;
use orch_testkit::fakes::FixedClock;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::{Notify, Semaphore};

use super::Connection;
use crate::config::GatewayConfig;
use crate::serving::Worker;
use crate::serving::date::Date;
use crate::serving::idle_poll::IdlePoll;
use crate::serving::open::Open;
use crate::site::Site;

/// What a handler saw, and whether it came to its end.
#[derive(Debug, Default)]
struct Seen {
    begun: Notify,
    go_on: Notify,
    read: RefCell<Option<Result<Vec<u8>, String>>>,
}

/// Sends `request` to a handler that waits before it reads the body, and goes away in the meantime.
async fn leave_after(request: &[u8]) -> Result<Vec<u8>, String> {
    let seen = Rc::new(Seen::default());
    let of_handler = Rc::clone(&seen);
    let app = fn_service(move |mut request: Request| {
        let seen = Rc::clone(&of_handler);
        async move {
            seen.begun.notify_one();
            seen.go_on.notified().await;
            let mut read = Ok(Vec::new());
            let mut payload = request.take_payload();
            while let (Ok(whole), Some(piece)) = (&mut read, payload.next().await) {
                match piece {
                    Ok(piece) => whole.extend_from_slice(&piece),
                    Err(error) => read = Err(error.to_string()),
                }
            }
            *seen.read.borrow_mut() = Some(read);
            let request = TestRequest::default().to_http_request();
            Ok::<_, Error>(ServiceResponse::new(request, HttpResponse::Ok().finish()))
        }
    });
    let clock = Arc::new(FixedClock::default());
    let worker = Rc::new(Worker {
        app,
        site: Arc::new(Site::new(&GatewayConfig::default()).unwrap()),
        endpoints: None,
        date: Date::kept(clock),
        open: Rc::new(Open::default()),
        head_time: Duration::from_secs(10),
        idle_time: Duration::from_secs(10),
        idle_poll: IdlePoll::start(Duration::ZERO, Arc::new(Semaphore::new(1))),
    });
    let (mut client, wire) = tokio::io::duplex(1024);
    client.write_all(request).await.unwrap();
    let peer = "192.0.2.1:1".parse().unwrap();
    let served = rt::spawn(Connection::new(wire, peer, worker).serve());
    seen.begun.notified().await;
    drop(client);
    // Until the connection has seen it.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    seen.go_on.notify_one();
    served.await.unwrap();
    seen.read.take().expect("the handler has come to its end")
}

#[actix_web::test]
async fn what_was_asked_for_is_done_when_nobody_waits_any_more() {
    let whole = b"PATCH /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody";
    assert_eq!(leave_after(whole).await, Ok(b"body".to_vec()));
}

#[actix_web::test]
async fn half_a_body_is_never_taken_for_a_whole_one() {
    let half = b"PATCH /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\nbody";
    assert!(leave_after(half).await.is_err());
    let chunk = b"PATCH /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n";
    assert!(leave_after(chunk).await.is_err());
}
