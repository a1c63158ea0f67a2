"""The figures of a function that its parts keep: what its metrics read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.engine.limits import Limit
from simulator.mechanics.functions.asynchronous_queue import AsynchronousQueue
from simulator.mechanics.functions.environments import Environments
from simulator.mechanics.functions.function_concurrency import AccountConcurrency
from simulator.mechanics.functions.provisioned_concurrency import ProvisionedConcurrency
from simulator.mechanics.mappings.broker_mapping import BrokerMapping
from simulator.mechanics.mappings.cohort_mapping import CohortMapping
from simulator.mechanics.mappings.cohort_stream_consumers import CohortStreamMapping
from simulator.mechanics.mappings.event_source_mapping import EventSourceMapping
from simulator.mechanics.mappings.kafka_mapping import KafkaMapping
from simulator.mechanics.mappings.stream_mapping import StreamMapping
from simulator.mechanics.processing import Processor


class FunctionFigures(Processor):
    """A function, as far as it tells what it did."""

    if TYPE_CHECKING:
        account: AccountConcurrency
        concurrency: Limit
        environments: Environments
        events: AsynchronousQueue
        mappings: list[EventSourceMapping | CohortMapping | CohortStreamMapping | StreamMapping | BrokerMapping]
        provisioned: ProvisionedConcurrency

    def claimed(self) -> float:
        """Unreserved invocations in progress of all functions, and what is reserved or provisioned."""
        return self.account.in_flight + self.account.reserved + self.account.provisioned

    def unreserved_executions(self) -> int:
        """Invocations in progress of all functions without a reservation."""
        return self.account.in_flight

    def provisioned_invocations(self) -> int:
        """Invocations in provisioned environments."""
        return self.provisioned.invocations

    def spillovers(self) -> int:
        """Invocations that provisioned concurrency could not take."""
        return self.provisioned.spillovers

    def provisioned_allocated(self) -> int:
        """Provisioned concurrency that is held now."""
        return self.provisioned.allocated

    def environments_alive(self) -> float:
        """Environments that run or wait now."""
        on_demand = self.concurrency.value - self.provisioned.running + self.environments.idle(self.agenda._now)
        return on_demand + self.provisioned.allocated

    def async_backlog(self) -> int:
        """Events in the internal queue, waiting for a retry, or being processed."""
        return self.events.waiting

    def async_received(self) -> int:
        """Events that entered the internal queue."""
        return self.events.received

    def async_dropped(self) -> int:
        """Events dropped without success."""
        return self.events.dropped

    def delivery_failures(self) -> int:
        """Records that a destination refused."""
        return self.events.delivery_failures + self._of_streams("refused")

    def dropped_events(self) -> int:
        """Messages of streams that were given up, and that no destination was told of."""
        return self._of_streams("dropped")

    def reported_events(self) -> int:
        """Messages of streams that were given up, of which the destination was told."""
        return self._of_streams("reported")

    def _of_streams(self, name: str) -> int:
        return sum(int(getattr(mapping, name)) for mapping in self.mappings if isinstance(mapping, StreamMapping))

    def dead_letter_errors(self) -> int:
        """Events that the dead-letter queue refused."""
        return self.events.dead_letter_errors

    def _of_mappings(self, name: str) -> int:
        return sum(int(getattr(mapping, name)) for mapping in self.mappings)

    def polled(self) -> int:
        """Messages read by the mappings."""
        return self._of_mappings("polled")

    def filtered_events(self) -> int:
        """Messages of mappings that no filter let pass."""
        return self._of_mappings("filtered")

    def provisioned_pollers(self) -> int:
        """Pollers of mappings in provisioned mode, now."""
        of_kafka = sum(mapping.pollers.number for mapping in self._kafka() if mapping.pollers.is_provisioned)
        return of_kafka + sum(mapping.provisioned.number for mapping in self.mappings if mapping.provisioned is not None)

    def _kafka(self) -> list[KafkaMapping]:
        return [mapping for mapping in self.mappings if isinstance(mapping, KafkaMapping)]

    def sum_offset_lag(self) -> int | None:
        """Offsets written and not committed, of all topics; None without a Kafka mapping, and before the first commit."""
        lags = [lag for mapping in self._kafka() if (lag := mapping.reading.sum_offset_lag()) is not None]
        return sum(lags) if lags else None

    def max_offset_lag(self) -> int | None:
        """The same of the partition furthest behind."""
        return max((lag for mapping in self._kafka() if (lag := mapping.reading.max_offset_lag()) is not None), default=None)

    def committed_events(self) -> int:
        """Offsets that Kafka mappings have committed."""
        return sum(mapping.committed for mapping in self._kafka())

    def event_poller_units(self) -> int:
        """Units of pollers of Kafka mappings in provisioned mode, now."""
        return sum(mapping.pollers.units for mapping in self._kafka())

    def invoked_events(self) -> int:
        """Messages that invoked the function through a mapping."""
        return self._of_mappings("invoked")

    def failed_events(self) -> int:
        """Messages of mappings that failed."""
        return self._of_mappings("failed")

    def deleted_events(self) -> int:
        """Messages that mappings deleted."""
        return self._of_mappings("deleted")

    def throttled_batches(self) -> int:
        """Times a batch of a mapping was throttled."""
        return self._of_mappings("throttled_batches")

    def allowed_batches(self) -> int:
        """Batches the mappings may have in progress."""
        return self._of_mappings("allowed")
