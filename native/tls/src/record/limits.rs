//! Limits of the record layer, each with its source, and budgets for what is legal but can be abused.

/// Content of one record (RFC 8446 section 5.1).
pub const MAX_PLAINTEXT: usize = 1 << 14;

/// Expansion of a protected TLS 1.3 record: content type, padding and tag (RFC 8446 section 5.2).
pub const MAX_EXPANSION_TLS13: usize = 256;

/// Length field of a protected TLS 1.3 record.
pub const MAX_CIPHERTEXT_TLS13: usize = MAX_PLAINTEXT + MAX_EXPANSION_TLS13;

/// Expansion of a protected record of TLS 1.0 to 1.2: IV, MAC and padding (RFC 5246 section 6.2.3).
pub const MAX_EXPANSION_TLS12: usize = 2048;

/// Record header: type, version, length.
pub const HEADER_LEN: usize = 5;

/// Records without content that may come in a row. They are legal for application data (RFC 8446 section 5.1) but cost us
/// work and bring the peer nothing. BoringSSL allows as many.
pub const MAX_EMPTY_RECORDS: u32 = 32;

/// Warning alerts in a row (TLS 1.3 knows user_canceled only). BoringSSL allows as many.
pub const MAX_WARNING_ALERTS: u32 = 4;

/// KeyUpdates in a row, without application data between them. BoringSSL allows as many. A byte of data pays for one more,
/// and not for all of them anew: nobody has a use for more keys than bytes.
pub const MAX_KEY_UPDATES: u32 = 32;

/// ChangeCipherSpec records for middlebox compatibility in one handshake: one (RFC 8446 appendix D.4), ...
pub const MAX_CHANGE_CIPHER_SPECS: u32 = 1;
/// ... and with a HelloRetryRequest one for each of the peer's two flights.
pub const MAX_CHANGE_CIPHER_SPECS_RETRY: u32 = 2;

/// Counts an abusable event; spent when more than `max` come without a `reset` between them.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    left: u32,
    max: u32,
}

/// The budget is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetSpent;

impl Budget {
    /// Room for `max` events.
    pub const fn new(max: u32) -> Self {
        Self { left: max, max }
    }

    /// One more event.
    pub fn spend(&mut self) -> Result<(), BudgetSpent> {
        self.left = self.left.checked_sub(1).ok_or(BudgetSpent)?;
        Ok(())
    }

    /// Something useful came, which pays for so many events.
    pub fn refill(&mut self, count: u32) {
        self.left = self.left.saturating_add(count).min(self.max);
    }

    /// Something useful came: start anew.
    pub fn reset(&mut self) {
        self.left = self.max;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_allows_exactly_its_maximum_between_resets() {
        let mut budget = Budget::new(2);
        assert!(budget.spend().is_ok() && budget.spend().is_ok());
        assert_eq!(budget.spend(), Err(BudgetSpent));
        assert_eq!(budget.spend(), Err(BudgetSpent));
        budget.reset();
        assert!(budget.spend().is_ok());
        budget.refill(u32::MAX);
        assert!(budget.spend().is_ok() && budget.spend().is_ok());
        assert_eq!(
            budget.spend(),
            Err(BudgetSpent),
            "never more than the maximum"
        );
        budget.refill(1);
        assert!(budget.spend().is_ok());
        assert_eq!(budget.spend(), Err(BudgetSpent));
    }
}
