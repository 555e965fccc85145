//! Work on all cores when there is enough of it.

use rayon::prelude::*;

/// Fewer changes than this cost more to hand over than a second core saves.
const TOGETHER: usize = 32;

/// Maps a list, on all cores when it is long.
pub(crate) fn on_all_cores<T: Send, R: Send>(
    list: Vec<T>,
    map: impl Fn(T) -> R + Sync + Send,
) -> Vec<R> {
    if list.len() <= TOGETHER {
        return list.into_iter().map(map).collect();
    }
    list.into_par_iter()
        .with_min_len(TOGETHER)
        .map(map)
        .collect()
}
