use std::cell::RefCell;
use std::io;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_codec::{Decoder, Encoder};
use actix_http::error::{ParseError, PayloadError};
use actix_http::h1::{Codec, Message, MessageType};
use actix_http::{HttpMessage, Request, ServiceConfig};
use actix_web::body::BodySize;
use actix_web::dev::Response;
use actix_web::http::header::CONNECTION;
use actix_web::web::{Bytes, BytesMut};
use bytes::{Buf, BufMut};
use futures_util::Stream;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

use super::body::{Body, Malformed};

/// Most bytes of a head.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// Room that is made for each read, and the most that is read ahead of what is being served.
const READ_BYTES: usize = 8 * 1024;
/// Room that an idle connection keeps for reading, and as much for writing.
const KEPT_BYTES: usize = 16 * 1024;

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The bytes of a connection: what was read and not used yet, what is not written yet, and the codec between them and
/// requests, which reads heads and writes responses. It holds one request at a time: the next head is not decoded
/// before the last body has ended.
pub(super) struct Wire {
    stream: TcpStream,
    codec: Codec,
    input: BytesMut,
    output: BytesMut,
    /// The client sends nothing more.
    at_end: bool,
    body: Body,
    /// The client waits to be told that the body is wanted (RFC 9110, section 10.1.1).
    awaits_continue: bool,
    /// The client sends no other request (RFC 9112, section 9.6).
    asks_to_close: bool,
    /// Counts the requests, so that a body that somebody kept does not read that of the next request.
    request: u64,
}

/// Why there is no request.
#[derive(Debug)]
pub(super) enum HeadFault {
    /// It cannot be read.
    Malformed,
    /// It has too many headers, or too many bytes.
    TooLarge,
    /// The client broke off.
    Gone,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, config: ServiceConfig) -> Self {
        Self {
            stream,
            codec: Codec::new(config),
            input: BytesMut::new(),
            output: BytesMut::new(),
            at_end: false,
            body: Body::Ended,
            awaits_continue: false,
            asks_to_close: false,
            request: 0,
        }
    }

    /// Waits for the first byte of a head. `false` when the client closed the connection instead. Empty lines before a
    /// head are not part of it (RFC 9112, section 2.2).
    pub(super) fn poll_begun(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        loop {
            let is_blank = |byte: &u8| matches!(byte, b'\r' | b'\n');
            let blank = self.input.iter().take_while(|byte| is_blank(byte)).count();
            self.input.advance(blank);
            if !self.input.is_empty() {
                return Poll::Ready(true);
            }
            self.release();
            if !matches!(ready!(self.poll_read(context)), Ok(1..)) {
                return Poll::Ready(false);
            }
        }
    }

    pub(super) fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<Request, HeadFault>> {
        loop {
            let unread = self.input.len();
            match self.codec.decode(&mut self.input) {
                Ok(Some(Message::Item(_))) if unread - self.input.len() > MAX_HEAD_BYTES => {
                    return Poll::Ready(Err(HeadFault::TooLarge));
                }
                Ok(Some(Message::Item(request))) => {
                    self.begin(&request);
                    return Poll::Ready(Ok(request));
                }
                Ok(None) if self.input.len() > MAX_HEAD_BYTES => return Poll::Ready(Err(HeadFault::TooLarge)),
                Ok(None) => {}
                Err(ParseError::TooLarge) => return Poll::Ready(Err(HeadFault::TooLarge)),
                Ok(Some(Message::Chunk(_))) | Err(_) => return Poll::Ready(Err(HeadFault::Malformed)),
            }
            if !matches!(ready!(self.poll_read(context)), Ok(1..)) {
                return Poll::Ready(Err(HeadFault::Gone));
            }
        }
    }

    fn begin(&mut self, request: &Request) {
        self.request += 1;
        self.body = Body::of(request);
        self.awaits_continue = request.head().expect();
        let mut options =
            request.headers().get_all(CONNECTION).flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        // The codec does not look into a header that is not ASCII.
        self.asks_to_close = options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"));
    }

    /// Forgets what the codec knows about a request, which must not shape what is read or written next.
    pub(super) fn forget_request(&mut self) {
        self.codec = Codec::new(self.codec.config().clone());
    }

    /// Whether the client may send no other request on this connection: it says so, or wants to speak another protocol
    /// from here on, which nobody here does.
    pub(super) fn asks_for_end(&self) -> bool {
        self.asks_to_close || self.codec.upgrade() || self.codec.message_type() == MessageType::Stream
    }

    /// Whether the response that was begun leaves the connection open.
    pub(super) fn is_kept(&self) -> bool {
        self.codec.keep_alive()
    }

    pub(super) fn is_body_whole(&self) -> bool {
        self.body == Body::Ended
    }

    /// Reads what has come of a body that nobody wants, without waiting for more.
    pub(super) fn discard_body(&mut self) {
        while let Ok(Some(_)) = self.body.decode(&mut self.input) {}
    }

    fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        loop {
            match self.body.decode(&mut self.input) {
                Ok(Some(part)) => return Poll::Ready(Some(Ok(part))),
                Ok(None) if self.body == Body::Ended => return Poll::Ready(None),
                Ok(None) => {}
                Err(Malformed) => return Poll::Ready(Some(Err(PayloadError::EncodingCorrupted))),
            }
            if mem::take(&mut self.awaits_continue) {
                self.output.extend_from_slice(CONTINUE);
            }
            ready!(self.poll_flush(context))?;
            if ready!(self.poll_read(context))? == 0 {
                self.body = Body::Broken;
            }
        }
    }

    /// Reads a little ahead while a request is served, only to notice a client that is gone.
    ///
    /// # Errors
    /// The connection is broken.
    pub(super) fn poll_gone(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        while self.is_body_whole() && !self.at_end && self.input.len() < READ_BYTES {
            match self.poll_read(context) {
                Poll::Ready(read) => drop(read?),
                Poll::Pending => break,
            }
        }
        Ok(())
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.at_end {
            return Poll::Ready(Ok(0));
        }
        loop {
            ready!(self.stream.poll_read_ready(context))?;
            self.input.reserve(READ_BYTES);
            match self.stream.try_read_buf(&mut (&mut self.input).limit(READ_BYTES)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => {
                    self.at_end = matches!(read, Ok(0));
                    return Poll::Ready(read);
                }
            }
        }
    }

    /// Begins a response.
    ///
    /// # Errors
    /// It cannot be encoded.
    pub(super) fn put_head(&mut self, head: Response<()>, size: BodySize) -> io::Result<()> {
        self.codec.encode(Message::Item((head, size)), &mut self.output)
    }

    /// Goes on with a response; `None` ends it.
    ///
    /// # Errors
    /// It is not what the head promised.
    pub(super) fn put_body(&mut self, part: Option<Bytes>) -> io::Result<()> {
        self.codec.encode(Message::Chunk(part), &mut self.output)
    }

    /// How many bytes wait to be written.
    pub(super) fn unwritten(&self) -> usize {
        self.output.len()
    }

    /// Writes once. `true` when nothing is left.
    pub(super) fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if !self.output.is_empty() {
            match ready!(Pin::new(&mut self.stream).poll_write(context, &self.output))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.output.advance(count),
            }
        }
        Poll::Ready(Ok(self.output.is_empty()))
    }

    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !ready!(self.poll_write(context))? {}
        Poll::Ready(Ok(()))
    }

    /// Resets the connection when it is closed, so that the system keeps nothing for a client that takes nothing.
    pub(super) fn give_up(&self) {
        // Otherwise the system gives up by itself, later.
        let _ = self.stream.set_zero_linger();
    }

    /// Tells the client that nothing more comes.
    pub(super) fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    /// Reads, and throws away, until the client is done, too, or has sent more than these bytes.
    pub(super) fn poll_discard(&mut self, context: &mut Context<'_>, left: &mut usize) -> Poll<()> {
        loop {
            self.input.clear();
            match ready!(self.poll_read(context)) {
                Ok(count @ 1..) if count < *left => *left -= count,
                _ => return Poll::Ready(()),
            }
        }
    }

    /// Gives back the room that a large request or response took.
    fn release(&mut self) {
        for buffer in [&mut self.input, &mut self.output] {
            if buffer.is_empty() && buffer.capacity() > KEPT_BYTES {
                *buffer = BytesMut::new();
            }
        }
    }
}

/// The body of a request, which is read when somebody asks for it, and not before.
pub(super) struct RequestBody {
    wire: Rc<RefCell<Wire>>,
    request: u64,
}

impl RequestBody {
    pub(super) fn new(wire: &Rc<RefCell<Wire>>) -> Self {
        Self { wire: Rc::clone(wire), request: wire.borrow().request }
    }
}

impl Stream for RequestBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut wire = self.wire.borrow_mut();
        if wire.request != self.request {
            return Poll::Ready(Some(Err(PayloadError::Incomplete(None))));
        }
        wire.poll_body(context)
    }
}
