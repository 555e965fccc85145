//! Tax on a price, once for each bill, and how an amount is spread so that its parts make it up exactly.

/// A rate in basis points and the rules it was used with: both are kept on the bill, so that a later rate leaves it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub basis_points: u32,
    pub version: u32,
}

/// The hospital's rate where it sets no other: five per cent.
pub const RATE: Rate = Rate {
    basis_points: 500,
    version: 1,
};

/// A whole in basis points.
const WHOLE: i128 = 10_000;

impl Rate {
    /// Returns the tax on a net amount, half up. What is taken back is the same with the other sign.
    pub fn on(self, net: i64) -> i64 {
        let size = i128::from(net.unsigned_abs());
        let tax = half_up(size * i128::from(self.basis_points), WHOLE);
        narrow(tax) * net.signum()
    }

    /// Parts a price that has the tax in it into net and tax.
    pub fn within(self, gross: i64) -> (i64, i64) {
        let size = i128::from(gross.unsigned_abs());
        let net = half_up(size * WHOLE, WHOLE + i128::from(self.basis_points));
        let net = narrow(net) * gross.signum();
        (net, gross - net)
    }
}

/// Returns half of an amount, half up: what is charged for a cancellation that comes late.
pub fn half(minor: i64) -> i64 {
    narrow(half_up(i128::from(minor), 2))
}

/// Returns a share of an amount that is not below nothing, half up.
pub fn share(minor: i64, basis_points: u32) -> i64 {
    narrow(half_up(i128::from(minor) * i128::from(basis_points), WHOLE))
}

/// Returns `dividend / divisor` rounded half up; neither is below nothing.
fn half_up(dividend: i128, divisor: i128) -> i128 {
    (2 * dividend + divisor) / (2 * divisor)
}

fn narrow(minor: i128) -> i64 {
    i64::try_from(minor)
        .expect("rates below a thousand per cent keep amounts of documents within 64 bits")
}

/// Spreads an amount over weights by the largest remainder; of two equal ones the first gets more. Nothing weighed gets
/// nothing, unless nothing has a weight: then the first has it all.
pub fn spread(amount: i64, weights: &[i64]) -> Vec<i64> {
    let all: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    let Some(last) = weights.len().checked_sub(1) else {
        return Vec::new();
    };
    if all == 0 {
        let mut parts = vec![0; last + 1];
        parts[0] = amount;
        return parts;
    }
    let share = |weight: &i64| {
        let exact = i128::from(amount) * i128::from(*weight);
        (narrow(exact / all), exact % all)
    };
    let (mut parts, remainders): (Vec<i64>, Vec<i128>) = weights.iter().map(share).unzip();
    let mut left = amount - parts.iter().sum::<i64>();
    let mut order: Vec<usize> = (0..=last).collect();
    order.sort_by_key(|line| (std::cmp::Reverse(remainders[*line]), *line));
    for line in order {
        if left == 0 {
            break;
        }
        parts[line] += 1;
        left -= 1;
    }
    parts
}

/// What was taken back of a bill so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenBack {
    pub gross: i64,
    pub tax: i64,
}

/// Returns the tax in taking back `more` of a bill. It is reckoned over all that was taken back, so that parts never reverse more
/// tax than the bill has, and all of them exactly that.
pub fn taken_back(gross: i64, tax: i64, before: TakenBack, more: i64) -> i64 {
    if gross == 0 {
        return 0;
    }
    let all = i128::from(before.gross + more);
    narrow(half_up(all * i128::from(tax), i128::from(gross))) - before.tax
}
