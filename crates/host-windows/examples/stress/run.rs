//! The phases, one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use host_windows::{Generation, WindowsHost};
use serde_json::json;
use tokio::task::JoinSet;

use crate::Arguments;
use crate::bed::Bed;
use crate::random::Random;
use crate::usage::Usage;
use crate::{closes, operations, systems};

/// How many turns run at a time.
const AT_A_TIME: usize = 8;
/// In how many parts a phase goes its way.
const PARTS: u64 = 10;
/// How long a thread for blocking calls waits for the next one.
const KEEP_ALIVE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy)]
enum Phase {
    Operations,
    Systems,
    Closes,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let host = match &arguments.generation {
        Some(generation) => WindowsHost::with_generation(generation.parse::<Generation>()?),
        None => WindowsHost::new(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_keep_alive(KEEP_ALIVE)
        .build()?;
    runtime.block_on(async {
        let bed = Arc::new(Bed::new(host, &arguments.layer).await?);
        let phases = [
            (Phase::Operations, arguments.operations),
            (Phase::Systems, arguments.systems),
            (Phase::Closes, arguments.systems),
        ];
        for (phase, count) in phases {
            let went = phase.go(&bed, count, arguments.seed).await;
            went.with_context(|| format!("{phase:?} with seed {}", arguments.seed))?;
        }
        // Its tasks have ended.
        Arc::into_inner(bed).context("a turn goes on")?.end().await
    })
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Operations => "operations",
            Self::Systems => "systems",
            Self::Closes => "closes",
        }
    }

    async fn turn(self, bed: &Bed, random: Random) -> Result<()> {
        match self {
            Self::Operations => operations::turn(bed, random).await,
            Self::Systems => systems::turn(bed, random).await,
            Self::Closes => closes::turn(bed, random).await,
        }
    }

    /// Goes all the way, and compares the end with the first part's.
    async fn go(self, bed: &Arc<Bed>, count: u64, seed: u64) -> Result<()> {
        let mut warm = None;
        for part in 1..=PARTS {
            let (done, until) = (count * (part - 1) / PARTS, count * part / PARTS);
            self.turns(bed, done, until, seed).await?;
            bed.quiet().await?;
            let is_judged = [1, PARTS].contains(&part);
            let usage = if is_judged { Usage::at_rest().await? } else { Usage::now()? };
            println!(
                "{}",
                json!({
                    "phase": self.name(),
                    "done": until,
                    "handles": usage.handles,
                    "private_bytes": usage.private_bytes,
                    "working_set_bytes": usage.working_set_bytes,
                })
            );
            usage.check(*warm.get_or_insert(usage)).or_else(|leak| {
                // On the way, threads that have nothing to do may still be there.
                if is_judged { Err(leak) } else { Ok(()) }
            })?;
        }
        Ok(())
    }

    /// Takes the turns from one number to another, several at a time.
    async fn turns(self, bed: &Arc<Bed>, from: u64, until: u64, seed: u64) -> Result<()> {
        let next = Arc::new(AtomicU64::new(from));
        let mut tasks = JoinSet::new();
        for _ in 0..AT_A_TIME {
            let (bed, next) = (Arc::clone(bed), Arc::clone(&next));
            tasks.spawn(async move {
                loop {
                    let turn = next.fetch_add(1, Ordering::Relaxed);
                    if turn >= until {
                        return anyhow::Ok(());
                    }
                    let random = Random::new(seed, self as u64, turn);
                    let taken = self.turn(&bed, random).await;
                    taken.with_context(|| format!("turn {turn}"))?;
                }
            });
        }
        while let Some(task) = tasks.join_next().await {
            task??;
        }
        Ok(())
    }
}
