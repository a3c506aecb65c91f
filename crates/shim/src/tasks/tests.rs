//! Which tasks there are, on a fake compute service and a clock that is turned.

use compute::fake::FakeService;
use tokio::time::Instant;

use super::*;
use crate::events::Publisher;

const PAUSE: Duration = Duration::from_secs(30);

/// None yet, of a shim for the container `t1`.
pub(crate) fn tasks() -> Arc<Tasks> {
    let settings = Settings {
        id: "t1".into(),
        namespace: "ns".into(),
        is_sandbox: false,
        options: Options::default(),
        publisher: Publisher::new(None, "ns"),
    };
    Arc::new(Tasks::new(settings, Arc::new(FakeService::linux())))
}

#[tokio::test(start_paused = true)]
async fn a_shim_is_unused_while_no_task_is_made() {
    let start = Instant::now();
    tasks().unused(PAUSE).await;
    assert_eq!(start.elapsed(), PAUSE);
}

#[tokio::test(start_paused = true)]
async fn a_shim_is_used_while_a_task_is_made_or_there() {
    let tasks = tasks();
    let start = Instant::now();
    let own = Arc::clone(&tasks);
    let unused = tokio::spawn(async move { own.unused(PAUSE).await });
    tokio::time::sleep(PAUSE / 2).await;
    let making = tasks.claim("t1").expect("a free id");
    tokio::time::sleep(PAUSE * 3).await;
    // The making fails.
    drop(making);
    unused.await.expect("no panic");
    assert_eq!(start.elapsed(), PAUSE / 2 + PAUSE * 4);

    let making = tasks.claim("t1").expect("a free id");
    let request = CreateTaskRequest { id: "t1".into(), ..CreateTaskRequest::default() };
    let own = Arc::clone(&tasks);
    let got = tokio::spawn(async move { own.get("t1").await.map(|task| task.id.to_string()) });
    tokio::time::sleep(PAUSE).await;
    assert!(!got.is_finished(), "a task that is being made is taken for none");
    let io = Request { container: "t1".into(), ..Request::default() };
    let init = first(io, None);
    making.done(&tasks.task(&request, init, None));
    assert_eq!(got.await.expect("no panic").map_err(|error| error.to_string()), Ok("t1".into()));
    let for_ever = tokio::time::timeout(PAUSE * 1000, tasks.unused(PAUSE)).await;
    assert!(for_ever.is_err(), "a task that is there is given up");
}
