"""The simulated message broker beside a real ActiveMQ on this machine: prefetch, redelivery, blocked producers, overload and drain."""
