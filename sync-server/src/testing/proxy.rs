//! A wire between desk and hub that can be cut, slowed, shortened and made to say things twice, and that counts.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Requests kept to be said again, at most.
const REMEMBERED: usize = 64;

/// What went over the wire since [`Proxy::reset`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes from desk to hub and back, headers included.
    pub up: u64,
    pub down: u64,
    /// HTTP requests.
    pub requests: u64,
}

#[derive(Debug, Default)]
struct Faults {
    is_cut: AtomicBool,
    delay_ms: AtomicU64,
    /// Answers end after so many bytes, when not 0.
    cut_answers_after: AtomicU64,
    up: AtomicU64,
    down: AtomicU64,
    requests: AtomicU64,
    heard: Mutex<Vec<Vec<u8>>>,
}

/// A TCP proxy on loopback. Stops when dropped.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    hub: Arc<Mutex<SocketAddr>>,
    faults: Arc<Faults>,
    cuts: watch::Sender<u64>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port and forwards to the hub.
    pub async fn start(hub: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let faults = Arc::new(Faults::default());
        let (cuts, _) = watch::channel(0);
        let hub = Arc::new(Mutex::new(hub));
        let task = tokio::spawn(accept(
            listener,
            Arc::clone(&hub),
            Arc::clone(&faults),
            cuts.clone(),
        ));
        Ok(Self {
            addr,
            hub,
            faults,
            cuts,
            task,
        })
    }

    /// Returns what a desk uses as the hub's address.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Forwards to a hub that was started again elsewhere.
    pub fn set_hub(&self, hub: SocketAddr) {
        *self.hub.lock().unwrap_or_else(PoisonError::into_inner) = hub;
    }

    /// Cuts every connection and refuses new ones, or lets them through again.
    pub fn set_cut(&self, is_cut: bool) {
        self.faults.is_cut.store(is_cut, Ordering::SeqCst);
        if is_cut {
            self.drop_connections();
        }
    }

    /// Breaks the connections there are, once.
    pub fn drop_connections(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Delays every packet each way.
    pub fn set_delay(&self, delay: Duration) {
        let ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.faults.delay_ms.store(ms, Ordering::SeqCst);
    }

    /// Ends every connection once its answers have so many bytes; 0 for no end.
    pub fn set_answers_end_after(&self, bytes: u64) {
        self.faults.cut_answers_after.store(bytes, Ordering::SeqCst);
    }

    /// Says up to `count` of the requests heard again to the hub, newest first, whatever it answers.
    pub async fn repeat(&self, count: usize) {
        let heard: Vec<Vec<u8>> = {
            let heard = self
                .faults
                .heard
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            heard.iter().rev().take(count).cloned().collect()
        };
        let hub = *self.hub.lock().unwrap_or_else(PoisonError::into_inner);
        for request in heard {
            let Ok(mut stream) = TcpStream::connect(hub).await else {
                return;
            };
            if stream.write_all(&request).await.is_ok() {
                let mut answer = [0; 1024];
                // the first bytes of an answer mean that the hub dealt with it
                let _ =
                    tokio::time::timeout(Duration::from_secs(2), stream.read(&mut answer)).await;
            }
        }
    }

    /// Returns what went over the wire.
    pub fn traffic(&self) -> Traffic {
        let of = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        Traffic {
            up: of(&self.faults.up),
            down: of(&self.faults.down),
            requests: of(&self.faults.requests),
        }
    }

    /// Counts from nothing again.
    pub fn reset(&self) {
        for counter in [&self.faults.up, &self.faults.down, &self.faults.requests] {
            counter.store(0, Ordering::SeqCst);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.drop_connections();
    }
}

async fn accept(
    listener: TcpListener,
    hub: Arc<Mutex<SocketAddr>>,
    faults: Arc<Faults>,
    cuts: watch::Sender<u64>,
) {
    while let Ok((desk, _)) = listener.accept().await {
        if faults.is_cut.load(Ordering::SeqCst) {
            let _ = desk.set_zero_linger();
            continue;
        }
        let target = *hub.lock().unwrap_or_else(PoisonError::into_inner);
        let faults = Arc::clone(&faults);
        let mut cut = cuts.subscribe();
        tokio::spawn(async move {
            let Ok(hub) = TcpStream::connect(target).await else {
                return;
            };
            let _ = (desk.set_nodelay(true), hub.set_nodelay(true));
            let (from_desk, to_desk) = desk.into_split();
            let (from_hub, to_hub) = hub.into_split();
            tokio::select! {
                () = questions(from_desk, to_hub, &faults) => {}
                () = answers(from_hub, to_desk, &faults) => {}
                _ = cut.changed() => {}
            }
        });
    }
}

async fn questions(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, faults: &Faults) {
    let mut buffer = vec![0; 64 << 10];
    let mut request = Vec::new();
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        faults.up.fetch_add(count as u64, Ordering::SeqCst);
        request.extend_from_slice(&buffer[..count]);
        while let Some(length) = request_length(&request) {
            let rest = request.split_off(length);
            remember(faults, std::mem::replace(&mut request, rest));
        }
        pause(faults).await;
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, faults: &Faults) {
    let mut buffer = vec![0; 64 << 10];
    let mut sent = 0;
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        pause(faults).await;
        let end = faults.cut_answers_after.load(Ordering::SeqCst);
        let count = if end > 0 {
            count.min(usize::try_from(end.saturating_sub(sent)).unwrap_or(0))
        } else {
            count
        };
        if count == 0 || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
        sent += count as u64;
        faults.down.fetch_add(count as u64, Ordering::SeqCst);
    }
}

async fn pause(faults: &Faults) {
    let ms = faults.delay_ms.load(Ordering::SeqCst);
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

fn remember(faults: &Faults, request: Vec<u8>) {
    faults.requests.fetch_add(1, Ordering::SeqCst);
    if request.starts_with(b"POST /sync/") {
        let mut heard = faults.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push(request);
        if heard.len() > REMEMBERED {
            heard.remove(0);
        }
    }
}

/// Returns the length of the first whole HTTP/1.1 request in the bytes.
fn request_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let body = text.lines().find_map(|line| {
        line.strip_prefix("content-length:")?
            .trim()
            .parse::<usize>()
            .ok()
    });
    let length = head + body.unwrap_or(0);
    (bytes.len() >= length).then_some(length)
}
