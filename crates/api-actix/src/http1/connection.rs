use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::{ConnectionType, Payload, Request, ServiceConfig, Version};
use actix_service::Service;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::Response;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{Error, ResponseError};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::http::{ApiError, ErrorRow};

use super::clients::Place;
use super::watch::Watch;
use super::wire::{HeadFault, RequestBody, Wire};

/// Longest time for the head of a request, from its first byte on. A new connection has as long to send that byte.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time in which a client takes nothing of its response.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest wait for a client to close after the last response, which it may still be reading. Its connection counts
/// until then.
const LINGER: Duration = WRITE_TIMEOUT;
/// The same when the server is to stop.
const SHORT_LINGER: Duration = Duration::from_secs(1);
/// Most bytes that are taken from a client after its last response.
const MAX_DISCARDED: usize = 16 * 1024 * 1024;
/// Most bytes of a response that are held apart from its body: more is taken from that when these are written.
const WRITE_BYTES: usize = 16 * 1024;

/// One client's connection: waits for a request, has it served, and begins again.
pub(super) struct Connection {
    wire: Rc<RefCell<Wire>>,
    watch: Watch,
    /// Counts for the client until the end.
    place: Place,
    /// Longest idle time between requests.
    keep_alive: Duration,
    /// The server is to stop: the request that is being served is the last.
    is_stopping: Rc<Cell<bool>>,
}

/// Why a connection ends.
enum End {
    /// Both sides are done, or the client is gone.
    Closed,
    /// The last response is written. The client may not be done.
    Answered,
    /// No request could be read.
    Refused(ApiError),
}

/// There is nobody to respond to, or nothing more can be said.
impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Closed
    }
}

impl Connection {
    pub(super) fn new(
        stream: TcpStream,
        place: Place,
        config: ServiceConfig,
        keep_alive: Duration,
        is_stopping: Rc<Cell<bool>>,
    ) -> Self {
        // A response is written at once, and must not wait for the client's acknowledgement of the previous one.
        let _ = stream.set_nodelay(true);
        let wire = Rc::new(RefCell::new(Wire::new(stream, config)));
        Self { wire, watch: Watch::new(HEAD_TIMEOUT), place, keep_alive, is_stopping }
    }

    /// Serves until either side ends it. `stopping` is done when the server is to stop.
    pub(super) async fn serve<S, B>(mut self, app: &S, stopping: impl Future<Output = ()>)
    where
        S: Service<Request>,
        S::Error: Into<Error>,
        S::Response: Into<Response<B>>,
        B: MessageBody,
    {
        let mut stopping = pin!(stopping);
        let mut idle = HEAD_TIMEOUT;
        let end = loop {
            let answered = match self.next_request(idle, stopping.as_mut()).await {
                Ok(request) => self.answer(request, app).await,
                Err(end) => Err(end),
            };
            if let Err(end) = answered {
                break end;
            }
            idle = self.keep_alive;
        };
        match end {
            End::Closed => {}
            End::Answered => self.close(stopping).await,
            End::Refused(error) => {
                self.wire.borrow_mut().forget_request();
                if let Err(End::Answered) = self.write(Response::from(error.error_response()), false).await {
                    self.close(stopping).await;
                }
            }
        }
    }

    async fn next_request(
        &mut self,
        idle: Duration,
        mut stopping: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<Request, End> {
        let wire = &self.wire;
        wire.borrow_mut().forget_request();
        let begun = poll_fn(|context| match wire.borrow_mut().poll_begun(context) {
            Poll::Pending => stopping.as_mut().poll(context).map(|()| false),
            begun => begun,
        });
        if self.watch.within(idle, begun).await != Some(true) {
            return Err(End::Closed);
        }
        let head = poll_fn(|context| wire.borrow_mut().poll_head(context));
        match self.watch.within(HEAD_TIMEOUT, head).await {
            Some(Ok(request)) => Ok(request),
            Some(Err(HeadFault::Gone)) => Err(End::Closed),
            Some(Err(HeadFault::Malformed)) => Err(End::Refused(ApiError::BadRequest)),
            Some(Err(HeadFault::TooLarge)) => Err(End::Refused(HEAD_TOO_LARGE.into())),
            None => Err(End::Refused(SLOW_HEAD.into())),
        }
    }

    /// Has a request served. The connection goes on unless this fails.
    async fn answer<S, B>(&mut self, mut request: Request, app: &S) -> Result<(), End>
    where
        S: Service<Request>,
        S::Error: Into<Error>,
        S::Response: Into<Response<B>>,
        B: MessageBody,
    {
        request.head_mut().peer_addr = Some(self.place.peer);
        let is_http_10 = request.version() == Version::HTTP_10;
        if !self.wire.borrow().is_body_whole() {
            *request.payload() = Payload::Stream { payload: Box::pin(RequestBody::new(&self.wire)) };
        }
        poll_fn(|context| app.poll_ready(context)).await.map_err(|_| End::Closed)?;
        match self.while_connected(app.call(request)).await? {
            Ok(response) => self.write(response.into(), is_http_10).await,
            Err(error) => self.write(Response::from(error.into()), is_http_10).await,
        }
    }

    /// What the app makes of the request. A client that is gone takes no response, so none is made.
    async fn while_connected<F: Future>(&self, call: F) -> io::Result<F::Output> {
        let mut call = pin!(call);
        poll_fn(|context| match call.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => match self.wire.borrow_mut().poll_gone(context) {
                Ok(()) => Poll::Pending,
                Err(error) => Poll::Ready(Err(error)),
            },
        })
        .await
    }

    /// Writes a response. The connection goes on unless this fails.
    async fn write<B: MessageBody>(&mut self, response: Response<B>, is_http_10: bool) -> Result<(), End> {
        let (mut head, body) = response.into_parts();
        let size = body.size();
        // HTTP/1.0 knows no chunks: such a response ends where the connection does (RFC 9112, section 6.3).
        let ends_by_closing = is_http_10 && size == BodySize::Stream;
        head.head_mut().no_chunking(ends_by_closing);
        if self.is_last(ends_by_closing) {
            head.head_mut().set_connection_type(ConnectionType::Close);
        }
        self.wire.borrow_mut().put_head(head, size)?;
        if !matches!(size, BodySize::None | BodySize::Sized(0)) {
            self.write_body(body).await?;
        }
        self.flush().await?;
        if self.wire.borrow().is_kept() { Ok(()) } else { Err(End::Answered) }
    }

    /// Whether the connection cannot go on after this response.
    fn is_last(&self, ends_by_closing: bool) -> bool {
        let mut wire = self.wire.borrow_mut();
        // While somebody holds the body, they may yet read it.
        if Rc::strong_count(&self.wire) == 1 {
            wire.discard_body();
        }
        ends_by_closing || !wire.is_body_whole() || wire.asks_for_end() || self.is_stopping.get()
    }

    async fn write_body(&mut self, body: impl MessageBody) -> Result<(), End> {
        let mut body = pin!(body);
        loop {
            let part = poll_fn(|context| self.poll_part(body.as_mut(), context)).await?;
            let Some(mut part) = part else { break };
            // However large the part is, little of it is copied at a time.
            while !part.is_empty() {
                let piece = part.split_to(part.len().min(WRITE_BYTES));
                self.wire.borrow_mut().put_body(Some(piece))?;
                if self.wire.borrow().unwritten() >= WRITE_BYTES {
                    self.flush().await?;
                }
            }
        }
        Ok(self.wire.borrow_mut().put_body(None)?)
    }

    /// The next part of a response. What is already there is written while waiting for it.
    fn poll_part(
        &self,
        body: Pin<&mut impl MessageBody>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Option<Bytes>>> {
        match body.poll_next(context) {
            Poll::Ready(part) => Poll::Ready(part.transpose().map_err(|_| io::ErrorKind::Other.into())),
            Poll::Pending => {
                let mut wire = self.wire.borrow_mut();
                wire.poll_gone(context)?;
                match wire.poll_flush(context) {
                    Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                    Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    /// Writes everything. Each step forward has its own time.
    async fn flush(&mut self) -> io::Result<()> {
        loop {
            let wire = &self.wire;
            let step = poll_fn(|context| wire.borrow_mut().poll_write(context));
            match self.watch.within(WRITE_TIMEOUT, step).await {
                Some(Ok(true)) => return Ok(()),
                Some(Ok(false)) => {}
                Some(Err(error)) => return Err(error),
                None => {
                    self.wire.borrow().give_up();
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
        }
    }

    /// Ends the connection after a response. Closing it on a client that still sends would reset it, and the response
    /// could be lost on its way (RFC 9112, section 9.6). So the client closes first, unless it takes too long.
    async fn close(mut self, stopping: Pin<&mut impl Future<Output = ()>>) {
        let wire = &self.wire;
        let closed = async {
            let ended = poll_fn(|context| wire.borrow_mut().poll_end(context)).await;
            if ended.is_ok() {
                let mut left = MAX_DISCARDED;
                poll_fn(|context| wire.borrow_mut().poll_discard(context, &mut left)).await;
            }
        };
        let hurried = async {
            stopping.await;
            sleep(SHORT_LINGER).await;
        };
        let is_closed = self.watch.within(LINGER, async {
            tokio::select! {
                () = closed => true,
                () = hurried => false,
            }
        });
        if is_closed.await != Some(true) {
            wire.borrow().give_up();
        }
    }
}

const HEAD_TOO_LARGE: ErrorRow = ErrorRow::new(
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "headers_too_large",
    "A request must have at most 96 headers, of 32 KiB together.",
);

const SLOW_HEAD: ErrorRow =
    ErrorRow::new(StatusCode::REQUEST_TIMEOUT, "slow_headers", "The headers did not arrive in time.");
