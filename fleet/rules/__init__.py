"""Rules of Sichuan and Chongqing for official vehicles: cited data, and the arithmetic that they ask for."""
