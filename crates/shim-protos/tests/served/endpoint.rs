//! A server and its address: a Unix socket on Linux, one of our named pipes on
//! Windows.

use std::collections::HashMap;

use shim_protos::ttrpc::asynchronous::transport::{Listener, Socket};
use shim_protos::ttrpc::asynchronous::{Client, Server, Service};

/// A server of some services, until it is dropped.
pub(crate) struct Endpoint {
    server: Server,
    address: address::Address,
}

impl Endpoint {
    pub(crate) async fn serve(services: Vec<HashMap<String, Service>>) -> Self {
        let (listener, address) = address::listen();
        let server = Server::new().add_listener(listener);
        let mut server = services.into_iter().fold(server, Server::register_service);
        server.start().await.expect("start");
        Self { server, address }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::new(self.address.dial().await)
    }

    pub(crate) async fn shutdown(mut self) {
        self.server.shutdown().await.expect("shutdown");
    }
}

#[cfg(unix)]
mod address {
    use super::{Listener, Socket};

    pub(crate) struct Address(tempfile::TempDir);

    impl Address {
        fn text(&self) -> String {
            format!("unix://{}", self.0.path().join("socket").display())
        }

        pub(crate) async fn dial(&self) -> Socket {
            Socket::connect(self.text()).await.expect("connect")
        }
    }

    pub(crate) fn listen() -> (Listener, Address) {
        let address = Address(tempfile::tempdir().expect("a folder"));
        (Listener::bind(address.text()).expect("bind"), address)
    }
}

#[cfg(windows)]
mod address {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::stream::unfold;
    use host_windows::named_pipe::{self, DEFAULT_TIMEOUT, ListenOptions};

    use super::{Listener, Socket};

    /// The shim's pipes are for administrators and the system alone.
    const ACCESS: &str = "D:P(A;;FA;;;BA)(A;;FA;;;SY)";

    pub(crate) struct Address(std::path::PathBuf);

    impl Address {
        pub(crate) async fn dial(&self) -> Socket {
            let pipe = named_pipe::dial(&self.0, DEFAULT_TIMEOUT).await;
            Socket::new(pipe.expect("dial"))
        }
    }

    pub(crate) fn listen() -> (Listener, Address) {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = named_pipe::local(&format!("shim-protos-{}-{number}", std::process::id()));
        let options =
            ListenOptions { security_descriptor: Some(ACCESS.into()), ..ListenOptions::default() };
        let listener = named_pipe::listen(&path, &options).expect("listen");
        let clients = unfold(listener, |mut listener| async {
            let pipe = listener.accept().await.map_err(std::io::Error::other);
            Some((pipe, listener))
        });
        (Listener::new(clients), Address(path))
    }
}
