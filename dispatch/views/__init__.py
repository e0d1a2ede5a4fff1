"""What people see of orders: lists, queues, one order with its timeline. Reads only."""
