//! Sixteen clients at once: systems made, used and removed without an error.
//!
//! `E2E_FULL=1` makes 100 systems, else it is 40.
#![cfg(target_os = "linux")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Barrier, Mutex};

use compute::error::SystemCode;
use compute::{ComputeService, SystemId};
use e2e::drive::{document, end, run, sh};
use e2e::{Stage, machine};
use host_linux::LinuxHost;

const CLIENTS: usize = 16;

/// One client's work on one system.
async fn one(host: &LinuxHost, id: SystemId, document: &compute::Document) {
    let system =
        host.create(&id, document).await.unwrap_or_else(|error| panic!("create: {error:#}"));
    system.start().await.unwrap_or_else(|error| panic!("start: {error:#}"));
    for number in 0..3 {
        let ran = run(system.as_ref(), &sh(&format!("echo {number} of {id}; exit {number}"))).await;
        assert_eq!((ran.code, ran.out), (number, format!("{number} of {id}\n")));
    }
    let listed = host
        .enumerate(&Default::default())
        .await
        .unwrap_or_else(|error| panic!("enumerate: {error:#}"));
    assert!(listed.iter().any(|listed| listed.id == id.as_str()), "{id} is not listed");
    let other = host.open(&id).await.unwrap_or_else(|error| panic!("open: {error:#}"));
    assert_eq!(run(other.as_ref(), &sh("exit 9")).await.code, 9);
    other.close().await.expect("close");
    end(system).await;
}

#[test]
fn sixteen_clients_work_at_once() {
    let Some(stage) = Stage::new("sixteen_clients_work_at_once") else {
        return;
    };
    let document = document(&stage).into();
    let systems = if machine::full() { 100 } else { 40 };
    let ids: Mutex<Vec<SystemId>> =
        Mutex::new((0..systems).map(|number| stage.id(&number.to_string())).collect());
    let next = || ids.lock().ok()?.pop();
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let runtime = runtime();
                let host = stage.host();
                while let Some(id) = next() {
                    runtime.block_on(one(&host, id, &document));
                }
            });
        }
    });
    stage.finish();
}

#[test]
fn of_many_that_want_an_id_one_gets_it() {
    let Some(stage) = Stage::new("of_many_that_want_an_id_one_gets_it") else {
        return;
    };
    let document: compute::Document = document(&stage).into();
    for round in 0..5 {
        let id = stage.id(&round.to_string());
        let winners = AtomicU32::new(0);
        let all_have_tried = Barrier::new(CLIENTS);
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    let runtime = runtime();
                    let outcome = runtime.block_on(stage.host().create(&id, &document));
                    all_have_tried.wait();
                    match outcome {
                        Ok(system) => {
                            winners.fetch_add(1, Ordering::Relaxed);
                            runtime.block_on(end(system));
                        }
                        Err(error) => assert_eq!(
                            error.code(),
                            Some(SystemCode::ERR_SYSTEM_ALREADY_EXISTS),
                            "{error:#}"
                        ),
                    }
                });
            }
        });
        assert_eq!(winners.into_inner(), 1, "round {round}");
    }
    stage.finish();
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}
