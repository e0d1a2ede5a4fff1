import { createPinia } from 'pinia'
import { createApp } from 'vue'

import App from './App.vue'
import { registerElements } from './element'
import { makeRouter } from './router'

import './styles/tokens.css'
import './styles/base.css'

const app = createApp(App)
app.use(createPinia())
app.use(makeRouter())
registerElements(app)
app.mount('#app')
