//! The cable between a desk and the hub: it can be pulled out and put back.

use std::net::SocketAddr;

use anyhow::Context;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Carries connections to a port while it is whole.
#[derive(Debug)]
pub struct Cut {
    port: u16,
    whole: watch::Sender<bool>,
    carrier: JoinHandle<()>,
}

impl Cut {
    /// Starts carrying to a port of this computer.
    pub async fn start(target: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("listening for the desks")?;
        let port = listener.local_addr()?.port();
        let (whole, watch) = watch::channel(true);
        let carrier = tokio::spawn(carry(
            listener,
            SocketAddr::from(([127, 0, 0, 1], target)),
            watch,
        ));
        Ok(Self {
            port,
            whole,
            carrier,
        })
    }

    /// Returns the address that desks use.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Pulls the cable: every connection ends at once and new ones end as soon as they are made.
    pub fn pull(&self) {
        self.whole.send_replace(false);
    }

    /// Puts it back.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        self.carrier.abort();
    }
}

async fn carry(listener: TcpListener, target: SocketAddr, whole: watch::Receiver<bool>) {
    while let Ok((desk, _)) = listener.accept().await {
        let whole = whole.clone();
        if *whole.borrow() {
            tokio::spawn(carry_one(desk, target, whole));
        }
    }
}

/// Either side may end it; so does pulling the cable.
async fn carry_one(mut desk: TcpStream, target: SocketAddr, mut whole: watch::Receiver<bool>) {
    let Ok(mut hub) = TcpStream::connect(target).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut desk, &mut hub) => {}
        _ = whole.wait_for(|whole| !whole) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::Cut;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    async fn echo() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut byte = [0];
                while matches!(stream.read(&mut byte).await, Ok(1)) {
                    stream.write_all(&byte).await.unwrap();
                }
            }
        });
        port
    }

    async fn answers(stream: &mut TcpStream) -> bool {
        let mut byte = [0];
        stream.write_all(b"x").await.is_ok() && matches!(stream.read(&mut byte).await, Ok(1))
    }

    async fn desk(cut: &Cut) -> TcpStream {
        TcpStream::connect(("127.0.0.1", cut.port)).await.unwrap()
    }

    #[tokio::test]
    async fn a_pulled_cable_carries_nothing_and_a_mended_one_does() {
        let cut = Cut::start(echo().await).await.unwrap();
        let mut old = desk(&cut).await;
        assert!(answers(&mut old).await);
        cut.pull();
        assert!(!answers(&mut old).await);
        assert!(!answers(&mut desk(&cut).await).await);
        cut.mend();
        assert!(!answers(&mut old).await);
        assert!(answers(&mut desk(&cut).await).await);
    }
}
