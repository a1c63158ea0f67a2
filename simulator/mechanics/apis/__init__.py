"""APIs that requests come in through.

The routes, stages, integrations and usage plans of API Gateway, the plans and subscriptions of GraphQL APIs, and the cache of answers that both have.
"""
