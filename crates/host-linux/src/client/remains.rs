//! What is left of a system whose worker has gone, when others look at it too.

use std::io;
use std::path::Path;
use std::time::Duration;

use compute::SystemId;
use tokio::time::Instant;

use crate::store::{self, Look};
use crate::{Roots, reclaim};

/// How long others may look at, settle or remove what a dead worker left.
const OTHERS_LIMIT: Duration = Duration::from_secs(10);

/// Looks at the folder of a system. That it is alive means that its worker
/// answers, and not that another process has the lock of what is left.
pub(super) async fn look(roots: &Roots, id: &SystemId) -> io::Result<Look> {
    look_until(roots, id, listens).await
}

/// Removes what is left of a system. What has its id by now and is another one stays.
pub(super) async fn remove(roots: &Roots, id: &SystemId, runtime_id: &str) -> io::Result<()> {
    // A worker that dies, or a process it was about to make, may still hold the lock and
    // the socket when the client hears of it: its listening says nothing.
    let is_another =
        |path: &Path| store::read(path).is_ok_and(|record| record.runtime_id != runtime_id);
    match look_until(roots, id, is_another).await? {
        Look::Dead(locked, mut record) if record.runtime_id == runtime_id => {
            reclaim::settle(&locked, &mut record).and_then(|()| reclaim::bury(locked, &record))
        }
        _ => Ok(()),
    }
}

/// Looks until the folder is gone or its lock is free, or what holds that is accepted.
async fn look_until(
    roots: &Roots,
    id: &SystemId,
    accepted: impl Fn(&Path) -> bool,
) -> io::Result<Look> {
    let deadline = Instant::now() + OTHERS_LIMIT;
    loop {
        match store::look(roots, id)? {
            Look::Alive(path) if !accepted(&path) => {}
            certain => return Ok(certain),
        }
        if Instant::now() > deadline {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "nobody runs the system, and another process holds the lock of its folder",
            ));
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn listens(path: &Path) -> bool {
    match store::connect(path) {
        Ok(_) => true,
        // One that can't take more connections now lives too.
        Err(error) => error.raw_os_error() == Some(libc::EAGAIN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{record, roots};

    #[tokio::test]
    async fn a_worker_that_listens_is_alive() {
        let (_temp, roots) = roots();
        let locked = store::create(&roots, &record("a")).expect("create").expect("free");
        let _listener = locked.listen().expect("listen");
        let id = "a".parse().expect("id");
        assert!(matches!(look(&roots, &id).await, Ok(Look::Alive(_))));
    }

    /// A removal that came while another process enumerated was taken for done.
    #[tokio::test]
    async fn a_look_waits_for_that_of_another() {
        let (_temp, roots) = roots();
        let locked = store::create(&roots, &record("b")).expect("create").expect("free");
        let id = "b".parse().expect("id");
        let (other, mine) = tokio::join!(
            async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                drop(locked);
            },
            look(&roots, &id)
        );
        let ((), Ok(Look::Dead(..))) = (other, mine) else {
            panic!("the worker is gone");
        };
    }
}
