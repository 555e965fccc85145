//! Work on all cores when there is enough of it.

/// Below this many changes a second thread costs more than it saves.
const ALONE: usize = 64;

/// Maps a list, on two threads when it is long.
pub(crate) fn on_all_cores<T: Send, R: Send>(
    mut list: Vec<T>,
    map: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if list.len() < ALONE || cores < 2 {
        return list.into_iter().map(map).collect();
    }
    let chunk = list.len().div_ceil(cores);
    let mut parts = Vec::new();
    while !list.is_empty() {
        parts.push(list.drain(..chunk.min(list.len())).collect::<Vec<T>>());
    }
    std::thread::scope(|scope| {
        let map = &map;
        let work: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(move || part.into_iter().map(map).collect::<Vec<R>>()))
            .collect();
        work.into_iter()
            .flat_map(|part| {
                part.join()
                    .expect("judging does not panic; a panic here is passed on")
            })
            .collect()
    })
}
